// SPDX-License-Identifier: Apache-2.0
// Conditional requests of clients (RFC 9110 section 13). Conditions apply to what a GET or a HEAD
// would get with status 200.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace sluice::http {

// The fields of the current representation that tell it from others.
struct Validators {
  std::optional<std::string_view> etag;           // with its quotes, and W/ if it is weak
  std::optional<std::string_view> last_modified;  // an HTTP date
  std::optional<std::string_view> date;           // of the response: an HTTP date

  // Views into `headers`.
  [[nodiscard]] static Validators of(const Headers& headers);
};

// The opaque part of an entity tag, for the weak comparison.
[[nodiscard]] std::string_view without_weakness(std::string_view tag);

// Whether the client's copy is as new: then the answer is 304. `unix_now`: for dates with a year of
// two digits.
[[nodiscard]] bool not_modified(const Request& request, const Validators& now,
                                std::int64_t unix_now);
// Whether If-Range is absent, or names the same strong validator (RFC 9110 section 13.1.5).
[[nodiscard]] bool range_holds(const Request& request, const Validators& now,
                               std::int64_t unix_now);

}  // namespace sluice::http
