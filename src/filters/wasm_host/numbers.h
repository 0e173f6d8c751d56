// SPDX-License-Identifier: Apache-2.0
// How shared data spells numbers: ABI section "cluster".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::filters {

// Decimal, 0x, 0o, 0b or a leading 0 for octal, signed, single '_' between digits after a prefix.
// 0 for what is none or does not fit.
[[nodiscard]] std::int64_t parse_integer(std::string_view text);
// 0 for what is none.
[[nodiscard]] double parse_float(std::string_view text);
// The shortest text that reads back the same; 1e+21, NaN, +Inf.
[[nodiscard]] std::string format_float(double value);

}  // namespace sluice::filters
