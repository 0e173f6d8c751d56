// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/ranges.h"

#include "http/cache_control.h"
#include "http/conditional.h"

namespace sluice::filters {

std::optional<http::ByteRange> range_of(const http::Request& request, const StoredResponse& stored,
                                        std::int64_t unix_now) {
  if (request.method != "GET" || stored.status != 200) return std::nullopt;
  const std::string value = http::combined(request.headers, "Range");
  if (value.empty()) return std::nullopt;
  if (!http::range_holds(request, http::Validators::of(stored.headers), unix_now))
    return std::nullopt;
  return http::parse_range(value, stored.body->size());
}

}  // namespace sluice::filters
