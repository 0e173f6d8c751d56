// SPDX-License-Identifier: Apache-2.0
// How old a response is and how long it is fresh (RFC 9111 section 4.2). Pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "filters/proxy/cache/cache_spec.h"
#include "http/cache_control.h"
#include "http/headers.h"

namespace sluice::filters {

// When a response came.
struct Arrival {
  TimePoint now;
  std::int64_t unix_now = 0;  // seconds since 1970
  Duration delay{};           // since its request was sent
};
[[nodiscard]] Arrival arrives_now(TimePoint sent);

// Seconds of age that the response had when it arrived (RFC 9111 section 4.2.3). Of several values
// of Age the first counts; one that is no number counts as none (section 5.1).
[[nodiscard]] std::int64_t initial_age(const http::Headers& headers, const Arrival& arrival);

// Seconds that the response is fresh from when its age was 0 (RFC 9111 section 4.2.1); nullopt if
// it does not say. An Expires that is no date, or more than one, is in the past (section 5.3).
[[nodiscard]] std::optional<std::int64_t> lifetime(const http::CacheControl& control,
                                                   const http::Headers& headers,
                                                   std::int64_t unix_now);

// Whether a response of this status may be kept although it says nothing of it (RFC 9110 section
// 15.1).
[[nodiscard]] bool heuristically_cacheable(int status);

}  // namespace sluice::filters
