// SPDX-License-Identifier: Apache-2.0
// Properties: what a guest may ask by a path about its stream, its filter and the gateway.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "filters/proxy_wasm/plugin.h"

namespace sluice::filters::proxy_wasm {

// `path`: names with a 0 between them, such as request\0path. Texts are as they are; numbers are 8
// bytes, little-endian; truths are one byte. Nullopt: there is no such property now.
[[nodiscard]] std::optional<std::string> find_property(Plugin& plugin, std::string_view path);
// Sets a property of the stream's own. False: there is no stream, or it has too many.
[[nodiscard]] bool set_property(Plugin& plugin, std::string_view path, std::string_view value);

}  // namespace sluice::filters::proxy_wasm
