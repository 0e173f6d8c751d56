// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648 section 4, with padding) and SHA-256, for bytes that travel as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

[[nodiscard]] std::string base64_encode(std::string_view bytes);
// nullopt unless the whole text is standard base64; line breaks are allowed.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
// Lower-case hex, 64 characters.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace sluice
