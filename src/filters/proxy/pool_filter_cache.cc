// SPDX-License-Identifier: Apache-2.0
// The part of a PoolFilter that answers clients from its memory cache.
#include <algorithm>
#include <array>

#include "filters/proxy/cache/conditions.h"
#include "filters/proxy/cache/freshness.h"
#include "filters/proxy/cache/ranges.h"
#include "filters/proxy/pool_filter.h"
#include "filters/proxy/redirect.h"
#include "http/announced_body.h"

namespace sluice::filters {

using namespace proxy_result;

namespace {

// Fills in the part of `stored` for which the request asks: status and body.
void fill_in(const http::Request& request, const std::shared_ptr<const StoredResponse>& stored,
             http::Response& response) {
  const std::int64_t now = unix_now();
  const std::string& body = *stored->body;
  response.status = stored->status;
  response.cause = http::Cause::none;
  response.headers = stored->headers;
  if (not_modified(request, *stored, now)) {
    response.status = 304;
    keep_for_not_modified(response.headers);
    response.body.clear();
    return;
  }
  if (request.method == "HEAD") {
    response.body = http::Body(std::make_unique<http::AnnouncedBody>(), body.size());
    return;
  }
  if (const auto range = range_of(request, *stored, now)) {
    response.status = range->satisfiable() ? 206 : 416;
    if (!range->satisfiable()) {
      response.cause = http::Cause::range_not_satisfiable;
      response.headers.clear();
    }
    response.headers.set("Content-Range", http::content_range(*range, body.size()));
    response.body.assign(
        range->satisfiable() ? body.substr(range->first, range->last - range->first + 1) : "");
    return;
  }
  response.body.share(stored->body);  // not copied: it lives until the last sender is done
  if (!stored->trailers.empty())
    response.body.set_trailers(std::make_unique<http::Headers>(stored->trailers));
}

}  // namespace

Task<std::string_view> PoolFilter::through_cache(pipeline::Exchange& exchange,
                                                 http::Request& request) {
  MemoryCache& cache = *prototype_->cache_;
  Fill fill{.plan = plan_for(request, cache.spec())};
  const CachePlan& plan = fill.plan;
  if (!plan.find && !plan.store) co_return co_await past_cache(exchange, request);
  const std::string key = cache_key(request);
  if (plan.find) {
    MemoryCache::Selection found = cache.find(core_, key, request, plan, Clock::now());
    if (!plan.refresh)
      cache.count(core_, found.use == Use::answer || found.use == Use::answer_late);
    if (const auto result = answer(exchange, request, key, found)) co_return *result;
    if (plan.control.only_if_cached)
      co_return finish(exchange, {504, kClientError, http::Cause::only_if_cached},
                       "only-if-cached, and it is not");
    // A request with `refresh` does not wait: the answer under way was requested before, and would
    // not be fresh enough.
    if (!plan.refresh && flights_.worth_waiting(key)) {
      co_await flights_.wait(key);
      found = cache.find(core_, key, request, plan, Clock::now());
      if (const auto result = answer(exchange, request, key, found)) co_return *result;
    }
    fill.stale = std::move(found.entry);
  }
  const std::string_view result = co_await refill(exchange, request, key, std::move(fill));
  count(exchange);
  co_return result;
}

// Handles requests that the cache neither answers nor learns from.
Task<std::string_view> PoolFilter::past_cache(pipeline::Exchange& exchange,
                                              http::Request& request) {
  const std::string_view result = co_await guarded(exchange, request, nullptr);
  if (!is_safe(request.method)) invalidate(request, *exchange.response());
  co_return result;
}

// RFC 9111 section 4.4.
void PoolFilter::invalidate(const http::Request& request, const http::Response& response) const {
  if (response.status < 200 || response.status >= 400) return;
  InvalidationStamps& stamps = *prototype_->stamps_;
  stamps.invalidate(cache_key(request));
  for (const std::string_view name : {"Location", "Content-Location"}) {
    const auto reference = response.headers.get(name);
    if (!reference) continue;
    const auto target = target_of_reference(request, *reference, prototype_->servers_->servers());
    if (target) stamps.invalidate(cache_key(request, *target));
  }
}

// Answers from the cache. Returns the result, or nullopt if the cache has no answer.
std::optional<std::string_view> PoolFilter::answer(pipeline::Exchange& exchange,
                                                   const http::Request& request,
                                                   const std::string& key,
                                                   const MemoryCache::Selection& found) {
  if (found.use != Use::answer && found.use != Use::answer_late) return std::nullopt;
  const http::Headers earlier = exchange.ensure_response().headers;
  serve(exchange, request, found.entry, earlier, "cached");
  count(exchange);
  if (found.use == Use::answer_late) revalidate_later(exchange, request, key, found.entry);
  return result_of(found.entry->status);
}

// `earlier`: the fields that earlier filters have set.
void PoolFilter::serve(pipeline::Exchange& exchange, const http::Request& request,
                       const Stored& stored, const http::Headers& earlier,
                       std::string_view tag) const {
  http::Response& response = exchange.ensure_response();
  fill_in(request, stored, response);
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - stored->born);
  response.headers.set("Age", std::to_string(std::max<std::int64_t>(age.count(), 0)));
  if (!earlier.empty()) merge_headers(earlier, response.headers);
  exchange.add_tag(prototype_->name_ + ": " + std::string(tag));
}

}  // namespace sluice::filters
