// SPDX-License-Identifier: Apache-2.0
// The number formats of shared data: ABI section "cluster".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::filters {

// Decimal, 0x, 0o, 0b or a leading 0 for octal; signed; a single '_' between digits after a prefix.
// Returns 0 if `text` is not a number or does not fit.
[[nodiscard]] std::int64_t parse_integer(std::string_view text);
// Returns 0 if `text` is not a number.
[[nodiscard]] double parse_float(std::string_view text);
// The shortest text that reads back the same; 1e+21, NaN, +Inf.
[[nodiscard]] std::string format_float(double value);

}  // namespace sluice::filters
