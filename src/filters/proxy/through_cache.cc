// SPDX-License-Identifier: Apache-2.0
// The part of a Pool that answers from its memory cache, and fills it.
#include <algorithm>
#include <array>

#include "backend/response_body.h"
#include "filters/proxy/pool.h"

namespace sluice::filters {

using namespace proxy_result;

namespace {

constexpr std::int64_t kMsPerSecond = 1000;

// RFC 9110 section 15.4.5: of a stored response, what a 304 says.
void keep_for_not_modified(http::Headers& headers) {
  constexpr std::array<std::string_view, 6> kNames = {"Cache-Control", "Content-Location", "Date",
                                                      "ETag",          "Expires",          "Vary"};
  http::Headers kept;
  for (const http::Field& field : headers) {
    const auto same = [&](std::string_view name) { return http::iequals(name, field.name); };
    if (std::ranges::any_of(kNames, same)) kept.add(field.name, field.value);
  }
  headers = std::move(kept);
}

}  // namespace

Task<std::string_view> Pool::through_cache(pipeline::Exchange& exchange, http::Request& request) {
  MemoryCache& cache = *prototype_->cache_;
  const CachePlan plan = plan_for(request, cache.spec());
  if (!plan.find && !plan.store) {
    const std::string_view result = co_await guarded(exchange, request, nullptr);
    // RFC 9111 section 4.4.
    if (plan.invalidate && exchange.response()->status < 400) cache.invalidate(cache_key(request));
    co_return result;
  }
  const std::string key = cache_key(request);
  if (plan.find) {
    const bool hit = answer(exchange, request, key, plan);
    cache.count(core_, hit);
    if (hit) co_return "";
    if (plan.control.only_if_cached)
      co_return finish(exchange, {504, kClientError}, "only-if-cached, and it is not");
    if (flights_.worth_waiting(key)) {
      co_await flights_.wait(key);
      if (answer(exchange, request, key, plan)) co_return "";
    }
  }
  if (!plan.store) co_return co_await guarded(exchange, request, nullptr);
  Fill fill{plan, cache.stamp(key), false};
  Flights::Lead lead(flights_, key);
  const std::string_view result = co_await guarded(exchange, request, &fill);
  if (fill.filled) lead.keepable();
  co_return result;
}

// True if the cache had the answer.
bool Pool::answer(pipeline::Exchange& exchange, const http::Request& request,
                  const std::string& key, const CachePlan& plan) {
  const TimePoint now = Clock::now();
  const auto stored = prototype_->cache_->find(core_, key, request, plan, now);
  if (!stored) return false;
  http::Response& response = exchange.ensure_response();
  const http::Headers earlier = response.headers;
  response.status = stored->status;
  response.headers = stored->headers;
  if (not_modified(request, *stored, unix_time_ms() / kMsPerSecond)) {
    response.status = 304;
    keep_for_not_modified(response.headers);
    response.body.clear();
  } else if (request.method == "HEAD") {
    response.body = http::Body(std::make_unique<backend::AnnouncedBody>(), stored->body.size());
  } else {
    // Not copied: it lives as long as somebody sends it.
    response.body.share(std::shared_ptr<const std::string>(stored, &stored->body));
    if (!stored->trailers.empty())
      response.body.set_trailers(std::make_unique<http::Headers>(stored->trailers));
  }
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - stored->born);
  response.headers.set("Age", std::to_string(age.count()));
  if (!earlier.empty()) merge_headers(earlier, response.headers);
  count(exchange);
  exchange.add_tag(prototype_->name_ + ": cached");
  return true;
}

// Before anything is added to the response that is for this client only.
void Pool::keep(const http::Request& request, const http::Response& response, Fill& fill) {
  auto stored = to_store(request, fill.plan, response, prototype_->cache_->spec(), Clock::now(),
                         unix_time_ms() / kMsPerSecond);
  if (!stored) return;
  stored->stamp = fill.stamp;
  fill.filled = true;
  prototype_->cache_->store(core_, std::move(stored));
}

}  // namespace sluice::filters
