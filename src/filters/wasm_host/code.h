// SPDX-License-Identifier: Apache-2.0
// Where the code of a filter comes from.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace sluice::filters {

inline constexpr std::size_t kCodeBytesMax = 64 << 20;

// The bytes that `code` stands for: what an http:// or https:// URL answers, else the content of
// the file of that path, else the decoded base64 text. `accept_text`: "(module …" stands for
// itself. Blocks (a fetch at most 30 s); never on a core. Errors say what was tried.
// `stop` ends a fetch.
[[nodiscard]] Result<std::string> load_code(const std::string& code, bool accept_text,
                                            const std::stop_token& stop = {});

// The path that `code` is; nullopt if it is a URL or a module in base64.
[[nodiscard]] std::optional<std::string> path_in(const std::string& code);
[[nodiscard]] Result<std::string> read_code_file(const std::string& path);

// What a GET answers with status 200.
[[nodiscard]] Result<std::string> fetch_url(const std::string& url, const std::stop_token& stop);

}  // namespace sluice::filters
