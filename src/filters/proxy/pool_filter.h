// SPDX-License-Identifier: Apache-2.0
// A pool of a Proxy: takes an exchange to its response and result, with one or more tries.
//   PoolPrototype  per pool and generation: what the cores share
//   PoolFilter     its part on one core
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "filters/proxy/breaker_notes.h"
#include "filters/proxy/cache/flights.h"
#include "filters/proxy/cache/memory_cache.h"
#include "filters/proxy/max_forwards.h"
#include "filters/proxy/merge.h"
#include "filters/proxy/metrics.h"
#include "filters/proxy/pool_policies.h"
#include "filters/proxy/server_group.h"
#include "filters/proxy/spec.h"
#include "filters/proxy/verdict.h"
#include "loop/event_loop.h"
#include "observe/request_stats.h"
#include "pipeline/exchange.h"
#include "pipeline/state_registry.h"

namespace sluice::filters {

// The services that pools share: `stamps` within a Proxy, the others within the process.
struct PoolServices {
  unsigned core_count = 1;
  std::string pipeline{};                                  // the name, for the log
  std::shared_ptr<backend::HealthThread> health_thread{};  // null: nothing is checked
  Logger logger{};
  std::string own_secret{};                      // this gateway's; see backend::StickyOptions
  std::shared_ptr<InvalidationStamps> stamps{};  // null: no pool keeps responses
};

// Immutable but for its counters. Any thread.
class PoolPrototype {
 public:
  // `name`: for tags, "proxy#<filter>#main"; the log prefixes it with "<pipeline>/". `states`: of
  // the pool.
  PoolPrototype(std::string name, const PoolSpec& spec, const ProxySpec& proxy,
                PoolPolicies policies, const PoolServices& services,
                const pipeline::StateScope& states);

  // {"stat": …, "servers": […]}, and "retry", "circuitBreaker" and "memoryCache" if the pool has
  // them.
  [[nodiscard]] Json status() const;
  // Any thread but a worker's.
  void expose(const PoolPlace& place, observe::Exposition& out) const;
  // See FilterPrototype.
  void sample() const { stats_->sample(); }

 private:
  friend class PoolFilter;
  std::string name_;
  std::shared_ptr<const ServerGroupPrototype> servers_;
  Duration timeout_{};
  std::int64_t body_bytes_max_ = 0;
  std::uint32_t redirections_max_ = 0;
  std::bitset<600> failure_codes_;
  bool default_failure_codes_ = false;
  PoolPolicies policies_;
  std::unique_ptr<BreakerNotes> breaker_notes_;  // null: there is no breaker
  std::shared_ptr<MemoryCache> cache_;           // null: the pool keeps no responses
  std::shared_ptr<InvalidationStamps> stamps_;   // null: no pool of this Proxy keeps responses
  std::shared_ptr<observe::RequestStats> stats_;
};

// Core-bound.
class PoolFilter {
 public:
  PoolFilter(const loop::Core& core, std::shared_ptr<const PoolPrototype> prototype, Logger logger);

  [[nodiscard]] const PoolPrototype& prototype() const { return *prototype_; }
  // Leaves a response in the exchange, and returns the result of the filter.
  [[nodiscard]] Task<std::string_view> handle(pipeline::Exchange& exchange);

 private:
  // The outcome of one try.
  struct Tried {
    Verdict verdict;
    std::string reason{};  // the reason of the failure; "": the try succeeded
    std::string set_cookie{};
    bool responded = false;                          // the backend has sent a response
    bool unsent = false;                             // no backend can have acted on the request
    backend::Blame blame = backend::Blame::backend;  // if the try failed
  };
  using Stored = std::shared_ptr<const StoredResponse>;
  // The cache's interest in a response to come, and the outcome.
  struct Fill {
    CachePlan plan;
    std::uint32_t stamp = 0;
    TimePoint sent{};
    Stored stale{};             // matches the request, but needs validation; or null
    bool conditional = false;   // the request validates `stale`
    bool kept = false;          // the cache can answer other requests now
    bool confirmed = false;     // `answer` is `stale` with new fields
    bool contradicted = false;  // a 304 that is not about `stale`
    Stored answer{};            // unless null, the answer to the client, in place of the response
    std::string set_cookie{};   // for this client only, beside `answer`
  };
  // A fetch for which no request waits.
  struct Revalidation {
    Task<void> task;
    loop::EventLoop::Timer deadline;
  };
  Task<std::string_view> refuse(pipeline::Exchange& exchange);
  Task<std::string_view> answer_last(pipeline::Exchange& exchange, const http::Request& request);
  // pool_filter_cache.cc: answers clients.
  Task<std::string_view> through_cache(pipeline::Exchange& exchange, http::Request& request);
  Task<std::string_view> past_cache(pipeline::Exchange& exchange, http::Request& request);
  std::optional<std::string_view> answer(pipeline::Exchange& exchange, const http::Request& request,
                                         const std::string& key,
                                         const MemoryCache::Selection& found);
  void serve(pipeline::Exchange& exchange, const http::Request& request, const Stored& stored,
             const http::Headers& earlier, std::string_view tag) const;
  // pool_filter_refill.cc: stores the responses of backends.
  Task<std::string_view> refill(pipeline::Exchange& exchange, http::Request& request,
                                const std::string& key, Fill fill);
  void keep(const http::Request& request, const http::Response& response, Fill& fill);
  void confirm(const http::Request& request, const http::Response& response, Fill& fill);
  void revalidate_later(pipeline::Exchange& exchange, const http::Request& request,
                        const std::string& key, const Stored& stored);
  Task<void> revalidate(http::Request request, std::string client_ip, std::string key,
                        Stored stored);
  void invalidate(const http::Request& request, const http::Response& response) const;
  [[nodiscard]] std::string_view result_of(int status) const;
  // `fill`: null if the response must not be kept. If it is not null, the caller counts the
  // exchange.
  Task<std::string_view> guarded(pipeline::Exchange& exchange, http::Request& request, Fill* fill);
  Task<std::string_view> under_breaker(resilience::CircuitBreaker& breaker,
                                       pipeline::Exchange& exchange, http::Request& request,
                                       Fill* fill);
  // `permit`: of the circuit breaker, which gets the outcome; null: there is no breaker.
  Task<std::string_view> try_on(pipeline::Exchange& exchange, http::Request& request, Fill* fill,
                                resilience::CircuitBreaker::Permit* permit);
  // `fill`: see guarded(). A body that may be kept is awaited whole.
  Task<Tried> try_once(Try& attempt, http::Request& request, http::Response& response,
                       const Fill* fill);
  Task<backend::Outcome<Reply>> follow(Try& attempt, http::Request& request,
                                       http::Response& response);
  std::string_view accept(pipeline::Exchange& exchange, const Tried& tried,
                          const http::Headers& earlier, const Fill* fill);
  void count(pipeline::Exchange& exchange) const;
  // Tells the circuit breaker how the exchange ended.
  void finish_call(resilience::CircuitBreaker::Permit& permit, bool failed, Duration not_its) const;
  // `fill`: see guarded().
  std::string_view finish(pipeline::Exchange& exchange, Verdict verdict, const std::string& reason,
                          const Fill* fill = nullptr);

  const loop::Core& core_;
  std::shared_ptr<const PoolPrototype> prototype_;
  Logger logger_;
  ServerGroup servers_;
  std::minstd_rand random_;
  Flights flights_;
  std::vector<std::unique_ptr<Revalidation>> revalidations_;  // last: they use the other members
};

}  // namespace sluice::filters
