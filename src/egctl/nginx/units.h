// SPDX-License-Identifier: Apache-2.0
// Sizes and times as nginx writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::egctl::nginx {

// "8m" -> 8388608
[[nodiscard]] std::optional<std::int64_t> size_of(std::string_view text);
// 5400000 -> "90m", 60000 -> "1m": in the largest unit of a duration that divides it.
[[nodiscard]] std::string duration_of(std::int64_t milliseconds);
// "1h30m" -> 5400000, "60" -> 60000
[[nodiscard]] std::optional<std::int64_t> milliseconds_of(std::string_view text);

}  // namespace sluice::egctl::nginx
