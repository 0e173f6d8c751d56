// SPDX-License-Identifier: Apache-2.0
// HTTP dates (RFC 9110 section 5.6.7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::http {

// Seconds since 1970-01-01T00:00:00Z. Reads all three forms: IMF-fixdate, the one of RFC 850 (a
// year that seems to be more than 50 years ahead of `now` is in the past) and that of asctime.
// nullopt if the text is none of them. The name of the day is not checked against the date.
[[nodiscard]] std::optional<std::int64_t> parse_date(std::string_view text, std::int64_t now);

// The IMF-fixdate of `seconds` since 1970-01-01T00:00:00Z, which is in the years 0 to 9999.
[[nodiscard]] std::string format_date(std::int64_t seconds);

}  // namespace sluice::http
