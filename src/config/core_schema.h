// SPDX-License-Identifier: Apache-2.0
// The meaning of an unquoted scalar: the core schema of YAML 1.2 (section 10.3.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::config {

// true True TRUE false False FALSE
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);

// [-+]?[0-9]+, 0o17, 0xff. A leading zero is no integer here: YAML 1.1 and 1.2 read it differently.
[[nodiscard]] bool is_integer(std::string_view text);
// nullopt if `text` is no integer, or does not fit.
[[nodiscard]] std::optional<std::int64_t> parse_int64(std::string_view text);
[[nodiscard]] std::optional<std::uint64_t> parse_uint64(std::string_view text);

// Integers too. nullopt for .inf, .nan, leading zeros without a point, and what overflows.
[[nodiscard]] std::optional<double> parse_double(std::string_view text);

}  // namespace sluice::config
