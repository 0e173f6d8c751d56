// SPDX-License-Identifier: Apache-2.0
// The part of a PoolFilter that stores the responses of backends in its memory cache.
#include <algorithm>
#include <array>

#include "filters/proxy/cache/conditions.h"
#include "filters/proxy/pool_filter.h"
#include "filters/proxy/request_copy.h"

namespace sluice::filters {

using namespace proxy_result;

namespace {

constexpr std::size_t kRevalidationsMax = 64;  // per pool and core, at the same time
constexpr Duration kRevalidationTimeout = std::chrono::seconds(30);

// RFC 5861 section 4.
bool is_error(std::string_view result, int status) {
  constexpr std::array<int, 4> kStatuses = {500, 502, 503, 504};
  if (result == kClientError) return false;
  const bool ours = !result.empty() && result != kFailureCode;
  return ours || std::ranges::find(kStatuses, status) != kStatuses.end();
}

// Whether the client asks for less than the whole representation.
bool asks_for_less(const http::Request& request) {
  constexpr std::array<std::string_view, 3> kNames = {"If-None-Match", "If-Modified-Since",
                                                      "Range"};
  return std::ranges::any_of(kNames, [&](auto name) { return request.headers.contains(name); });
}

// Whether a response of this status replaces the stored ones.
bool supersedes(int status) {
  return (status >= 200 && status < 206) || status == 404 || status == 410;
}

}  // namespace

// Asks the backend. If there is `fill.stale`, the request is conditional.
Task<std::string_view> PoolFilter::refill(pipeline::Exchange& exchange, http::Request& request,
                                          const std::string& key, Fill fill) {
  const CachePlan plan = fill.plan;
  const http::Headers earlier = exchange.ensure_response().headers;
  fill.stamp = prototype_->cache_->stamp(key);
  fill.sent = Clock::now();
  fill.conditional = fill.stale && fill.stale->has_validator();
  std::optional<Flights::Lead> lead;
  if (plan.store || fill.conditional) lead.emplace(flights_, key);
  std::string_view result;
  if (fill.conditional) {
    fill.plan.store = request.method == "GET";  // the response is whole, even to a range request
    const Validation validation(request, *fill.stale);
    result = co_await guarded(exchange, request, &fill);
  } else {
    result = co_await guarded(exchange, request, &fill);
  }
  if (fill.contradicted) {
    exchange.new_response().headers = earlier;
    fill = Fill{.plan = plan, .stamp = fill.stamp, .sent = Clock::now()};
    result = co_await guarded(exchange, request, &fill);
  }
  if (fill.kept && lead) lead->keepable();
  if (fill.answer && (fill.confirmed || asks_for_less(request))) {
    serve(exchange, request, fill.answer, earlier, "revalidated");
    if (!fill.set_cookie.empty()) exchange.response()->headers.add("Set-Cookie", fill.set_cookie);
    co_return result_of(fill.answer->status);
  }
  const bool failed = is_error(result, exchange.response()->status);
  if (failed && fill.stale && fill.stale->stamp == prototype_->cache_->stamp(key) &&
      stands_in_for_error(*fill.stale, plan, Clock::now())) {
    serve(exchange, request, fill.stale, earlier, "stale");
    co_return "";
  }
  co_return result;
}

// Requires: the response has no field yet that is for this client only.
void PoolFilter::keep(const http::Request& request, const http::Response& response, Fill& fill) {
  const bool head = request.method == "HEAD" && fill.stale && response.status == fill.stale->status;
  if (head || (fill.conditional && response.status == 304)) return confirm(request, response, fill);
  MemoryCache& cache = *prototype_->cache_;
  const bool error = is_error("", response.status) && fill.stale &&
                     stands_in_for_error(*fill.stale, fill.plan, Clock::now());
  if (error) return;
  auto entry = to_store(request, fill.plan, response, cache.spec(), arrives_now(fill.sent));
  if (entry) {
    entry->stamp = fill.stamp;
    fill.kept = true;
    if (fill.conditional) fill.answer = entry;
    cache.store(core_, std::move(entry));
  } else if (fill.stale && supersedes(response.status) && !request.headers.contains("Range")) {
    cache.forget(core_, fill.stale);
  }
}

// RFC 9111 sections 4.3.4, 4.3.5: applies the backend's response to a stored one.
void PoolFilter::confirm(const http::Request& request, const http::Response& response, Fill& fill) {
  MemoryCache& cache = *prototype_->cache_;
  const bool head = response.status != 304;
  const auto length = head ? response.body.length() : std::nullopt;
  const bool other_length = length && *length != 0 && *length != fill.stale->body->size();
  if (!is_about(response, *fill.stale) || other_length) {
    if (head) cache.forget(core_, fill.stale);
    fill.contradicted = !head;
    return;
  }
  auto entry = updated(*fill.stale, response.headers);
  entry->stamp = fill.stamp;
  fill.kept = settle(request, fill.plan, cache.spec(), arrives_now(fill.sent), *entry);
  fill.answer = entry;
  fill.confirmed = true;
  if (fill.kept) {
    cache.store(core_, std::move(entry));
  } else {
    cache.forget(core_, fill.stale);
  }
}

// Does nothing if a fetch is under way, or beyond kRevalidationsMax: a later request revalidates
// then.
void PoolFilter::revalidate_later(pipeline::Exchange& exchange, const http::Request& request,
                                  const std::string& key, const Stored& stored) {
  std::erase_if(revalidations_, [](const std::unique_ptr<Revalidation>& each) {
    return !each->task.valid() || each->task.done();
  });
  if (flights_.under_way(key) || revalidations_.size() >= kRevalidationsMax) return;
  http::Request copy = copy_of(request);
  copy.method = "GET";
  for (const std::string_view name : {"If-None-Match", "If-Modified-Since", "If-Range", "Range"})
    copy.headers.remove(name);
  Revalidation& added = *revalidations_.emplace_back(std::make_unique<Revalidation>());
  added.task = revalidate(std::move(copy), exchange.real_ip, key, stored);
  const Duration limit =
      prototype_->timeout_ > Duration::zero() ? prototype_->timeout_ : kRevalidationTimeout;
  added.deadline =
      loop::EventLoop::Timer(core_.loop, Clock::now() + limit, [&added] { added.task.reset(); });
  added.task.start();
}

Task<void> PoolFilter::revalidate(http::Request request, std::string client_ip, std::string key,
                                  Stored stored) {
  pipeline::Exchange exchange(core_);
  exchange.client_request() = std::move(request);
  exchange.real_ip = std::move(client_ip);
  exchange.step_began = Clock::now();
  http::Request& copy = exchange.client_request();
  Fill fill{.plan = plan_for(copy, prototype_->cache_->spec())};
  fill.stale = std::move(stored);
  (void)co_await refill(exchange, copy, key, std::move(fill));
}

}  // namespace sluice::filters
