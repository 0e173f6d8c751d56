// SPDX-License-Identifier: Apache-2.0
// HTTP dates (RFC 9110 section 5.6.7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::http {

// Returns the seconds since 1970-01-01T00:00:00Z. Reads all three forms: IMF-fixdate, RFC 850 (a
// year that seems more than 50 years ahead of `now` is in the past) and asctime. Returns nullopt
// for other text. The name of the day is not checked against the date.
[[nodiscard]] std::optional<std::int64_t> parse_date(std::string_view text, std::int64_t now);

// Formats `seconds` since 1970-01-01T00:00:00Z as IMF-fixdate. Requires: the year is 0 to 9999.
[[nodiscard]] std::string format_date(std::int64_t seconds);

}  // namespace sluice::http
