// SPDX-License-Identifier: Apache-2.0
// The Cache-Control field (RFC 9111 section 5.2).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "http/headers.h"

namespace sluice::http {

struct CacheControl {
  bool no_store = false;
  // Set also if the directive names fields: only caches need these (RFC 9111 sections 5.2.2.4,
  // 5.2.2.7).
  bool no_cache = false;
  bool is_private = false;
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool no_transform = false;
  bool only_if_cached = false;
  // Seconds. A value that is not a number counts as 0, so that the response is stale.
  std::optional<std::int64_t> max_age;
  std::optional<std::int64_t> s_maxage;
  std::optional<std::int64_t> min_fresh;
  std::optional<std::int64_t> max_stale;  // kDeltaSecondsMax if without a value
  // RFC 5861.
  std::optional<std::int64_t> stale_while_revalidate;
  std::optional<std::int64_t> stale_if_error;
};

// Parses all Cache-Control fields of a request or a response together. Ignores unknown directives.
[[nodiscard]] CacheControl parse_cache_control(const Headers& headers);

// Joins the values of all fields of that name into one list (RFC 9110 section 5.3); "" if there is
// none.
[[nodiscard]] std::string combined(const Headers& headers, std::string_view name);
// True if a comma-separated list contains the element, ignoring case.
[[nodiscard]] bool list_contains(std::string_view list, std::string_view element);

// Calls `each` for every element of a comma-separated list (RFC 9110 section 5.6.1), without the
// white space around it. Commas in quoted strings do not separate. Empty elements are skipped.
void for_each_element(std::string_view list, const std::function<void(std::string_view)>& each);

inline constexpr std::int64_t kDeltaSecondsMax = std::int64_t{1} << 31;

// Parses non-negative seconds (RFC 9111 section 1.2.2); larger values become kDeltaSecondsMax.
// Returns nullopt if the text is not a number.
[[nodiscard]] std::optional<std::int64_t> parse_delta_seconds(std::string_view text);

}  // namespace sluice::http
