// SPDX-License-Identifier: Apache-2.0
// Where the code of a filter comes from.
#pragma once

#include <string>

#include "base/result.h"

namespace sluice::filters {

inline constexpr std::size_t kCodeBytesMax = 64 << 20;

// The bytes that `code` stands for: what an http:// or https:// URL answers, else the content of
// the file of that path, else the decoded base64 text. `accept_text`: "(module …" stands for
// itself. Blocks (a fetch at most 30 s); never on a core. Errors say what was tried.
[[nodiscard]] Result<std::string> load_code(const std::string& code, bool accept_text);

// What a GET answers with status 200.
[[nodiscard]] Result<std::string> fetch_url(const std::string& url);

}  // namespace sluice::filters
