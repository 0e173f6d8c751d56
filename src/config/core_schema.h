// SPDX-License-Identifier: Apache-2.0
// The meaning of an unquoted scalar: the core schema of YAML 1.2 (section 10.3.2). Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::config {

// Reads true True TRUE false False FALSE. Returns nullopt for other text.
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);

// True for [-+]?[0-9]+, 0o17 and 0xff, but not for a decimal number with a leading zero, which
// YAML 1.1 and 1.2 read differently.
[[nodiscard]] bool is_integer(std::string_view text);
// Return nullopt if `text` is no integer, or one that the type cannot hold.
[[nodiscard]] std::optional<std::int64_t> parse_int64(std::string_view text);
[[nodiscard]] std::optional<std::uint64_t> parse_uint64(std::string_view text);

// Reads integers, too. Returns nullopt for .inf, .nan, leading zeros without a point, numbers that
// a double cannot hold, and other text.
[[nodiscard]] std::optional<double> parse_double(std::string_view text);

}  // namespace sluice::config
