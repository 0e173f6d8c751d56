// SPDX-License-Identifier: Apache-2.0
// The sources from which a filter loads its code.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::filters {

// Why a WasmHost refuses a module that is built for the other kind.
inline constexpr std::string_view kIsPlugin = "this is a proxy-wasm plugin: use kind ProxyWasm";
inline constexpr std::size_t kCodeBytesMax = 64 << 20;

// The bytes for which `code` stands: the answer of an http:// or https:// URL, else the content of
// the file of that path, else the decoded base64 text. With `accept_text`, "(module …" stands for
// itself. Blocks (a fetch at most 30 s); never on a core. Errors name the attempts. `stop` ends a
// fetch.
[[nodiscard]] Result<std::string> load_code(const std::string& code, bool accept_text,
                                            const std::stop_token& stop = {});

// True for bytes with the magic number of a module.
[[nodiscard]] bool is_module(std::string_view bytes);
[[nodiscard]] bool is_url(std::string_view code);
// The path that `code` is; nullopt if `code` is a URL or a module in base64.
[[nodiscard]] std::optional<std::string> path_in(const std::string& code);
[[nodiscard]] Result<std::string> read_code_file(const std::string& path);

// The body of a GET that ends with status 200.
[[nodiscard]] Result<std::string> fetch_url(const std::string& url, const std::stop_token& stop);

}  // namespace sluice::filters
