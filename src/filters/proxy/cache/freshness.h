// SPDX-License-Identifier: Apache-2.0
// The age of a response, and its freshness lifetime (RFC 9111 section 4.2). Pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "filters/proxy/cache/cache_spec.h"
#include "http/cache_control.h"
#include "http/headers.h"

namespace sluice::filters {

// Seconds since 1970.
[[nodiscard]] std::int64_t unix_now();

// The time at which a response arrived.
struct ArrivalTime {
  TimePoint now;
  std::int64_t unix_now = 0;  // seconds since 1970
  Duration delay{};           // since its request was sent
};
[[nodiscard]] ArrivalTime arrives_now(TimePoint sent);

// The age in seconds that the response had when it arrived (RFC 9111 section 4.2.3). The first of
// several Age values counts; a value that is not a number is ignored (section 5.1).
[[nodiscard]] std::int64_t initial_age(const http::Headers& headers, const ArrivalTime& arrival);

// The freshness lifetime in seconds, from age 0 (RFC 9111 section 4.2.1); nullopt if the response
// does not state one. An Expires that is not a date, or more than one, is in the past (section
// 5.3).
[[nodiscard]] std::optional<std::int64_t> lifetime(const http::CacheControl& control,
                                                   const http::Headers& headers,
                                                   std::int64_t unix_now);

// Whether a response of this status may be stored without an explicit directive (RFC 9110 section
// 15.1).
[[nodiscard]] bool heuristically_cacheable(int status);

}  // namespace sluice::filters
