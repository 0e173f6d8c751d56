// SPDX-License-Identifier: Apache-2.0
// Invariant: the stored and served bytes stay within bounds for any request and response.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "filters/proxy/cache/conditions.h"
#include "filters/proxy/cache/ranges.h"
#include "filters/proxy/cache/rules.h"

namespace {

using namespace sluice;
using namespace sluice::filters;

void require(bool holds) {
  if (!holds) std::abort();
}

// Takes lines "Name: value" up to an empty line.
http::Headers take_fields(std::string_view& text) {
  http::Headers headers;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) break;
    headers.add(line.substr(0, colon), line.substr(colon + 2));
  }
  return headers;
}

MemoryCacheSpec spec() {
  MemoryCacheSpec spec;
  spec.expiration = std::chrono::hours(1);
  spec.stale_if_error = Duration::max();
  spec.max_entry_bytes = 1000;
  spec.codes = {200};
  spec.methods = {"GET"};
  spec.targeted_fields = {"CDN-Cache-Control"};
  return spec;
}

void check_range(const http::Request& request, const StoredResponse& stored) {
  const auto range = range_of(request, stored, 0);
  if (!range || !range->satisfiable()) return;
  require(range->last < stored.body->size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  http::Request request;
  request.method = "GET";
  request.scheme = "http";
  request.host = "shop";
  require(request.set_target("/a"));
  request.headers = take_fields(text);
  http::Response response;
  response.headers = take_fields(text);
  const http::Headers news = take_fields(text);
  response.body.assign(std::string(text.substr(0, 2000)));

  const ArrivalTime arrival{TimePoint(std::chrono::hours(5)), 1'700'000'000, {}};
  const CachePlan plan = plan_for(request, spec());
  const auto stored = to_store(request, plan, response, spec(), arrival);
  if (!stored) return 0;
  require(plan.store && stored->body->size() <= 1000);
  require(stored->fresh_until <= arrival.now + std::chrono::hours(1));
  require(stored->born <= arrival.now && !stored->headers.contains("Age"));
  if (use_of(*stored, request, plan, arrival.now) == Use::answer && !plan.control.max_stale)
    require(arrival.now < stored->fresh_until && !stored->always_validate);
  (void)stands_in_for_error(*stored, plan, arrival.now);
  (void)not_modified(request, *stored, arrival.unix_now);
  check_range(request, *stored);
  {
    const Validation validation(request, *stored);
    require(!request.headers.contains("Range"));
  }
  const auto fresh = updated(*stored, news);
  require(fresh->body == stored->body);
  (void)settle(request, plan, spec(), arrival, *fresh);
  return 0;
}
