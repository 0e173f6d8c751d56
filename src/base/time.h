// SPDX-License-Identifier: Apache-2.0
// Clocks and durations. Durations are written as in Go: "300ms", "1.5s", "2h45m", "0". Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = std::chrono::nanoseconds;

// Parses Go's duration syntax; returns nullopt for other text. A bare number is refused except "0".
// Units: ns us (also with the micro sign) ms s m h. At most +-250 years, so that it can be added to
// the time of a clock.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

// The shortest Go spelling: 1500ms -> "1.5s", 90s -> "1m30s", 0 -> "0s".
[[nodiscard]] std::string format_duration(Duration value);

// Milliseconds since 1970-01-01T00:00:00Z.
[[nodiscard]] std::int64_t unix_time_ms();

// RFC 3339 with milliseconds and the local offset: 2022-07-26T10:00:00.123+08:00.
[[nodiscard]] std::string format_rfc3339_ms(std::chrono::system_clock::time_point when);

}  // namespace sluice
