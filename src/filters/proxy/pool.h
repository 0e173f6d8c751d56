// SPDX-License-Identifier: Apache-2.0
// A pool of a Proxy: from an exchange to its response and result, over as many tries as it takes.
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
#include "filters/proxy/cache/flights.h"
#include "filters/proxy/cache/memory_cache.h"
#include "filters/proxy/max_forwards.h"
#include "filters/proxy/merge.h"
#include "filters/proxy/pool_policies.h"
#include "filters/proxy/server_group.h"
#include "filters/proxy/spec.h"
#include "filters/proxy/verdict.h"
#include "loop/event_loop.h"
#include "observe/request_stats.h"
#include "pipeline/exchange.h"

namespace sluice::filters {

// What pools share: all of the process, `stamps` those of a Proxy.
struct PoolServices {
  unsigned core_count = 1;
  std::string pipeline{};  // its name, for the log
  std::shared_ptr<backend::HealthThread> health_thread{};
  Logger logger{};
  std::string own_secret{};                      // of this gateway; see backend::StickyOptions
  std::shared_ptr<InvalidationStamps> stamps{};  // null: no pool keeps responses
};

// All of the configuration that says what a kept response is and who may get it. A response that
// was kept under one policy is not used under another: an update that demands more binds at once.
struct CachePolicy {
  MemoryCacheSpec spec;
  std::vector<ServerSpec> servers;
  bool set_server_host = false;
  TlsSpec tls;
  std::uint32_t redirections_max = 0;
  std::int64_t body_bytes_max = 0;
  bool operator==(const CachePolicy& other) const = default;
};

// Immutable but for its counters. Any thread.
class PoolPrototype {
 public:
  // `name`: for tags, "proxy#<filter>#main"; in the log "<pipeline>/" stands before it.
  // `previous`: the pool of that name in the running generation, or null. `known`: what the process
  // before this one knew of it, or null.
  PoolPrototype(std::string name, const PoolSpec& spec, const ProxySpec& proxy,
                PoolPolicies policies, const PoolServices& services, const PoolPrototype* previous,
                const PoolKnowledge* known = nullptr);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const PoolPolicies& policies() const { return policies_; }
  // Null if it keeps no responses.
  [[nodiscard]] const std::shared_ptr<MemoryCache>& cache() const { return cache_; }
  // {"stat": …, "servers": […]}, and "retry", "circuitBreaker" and "memoryCache" where there are
  // such.
  [[nodiscard]] Json status() const;
  // As of FilterPrototype.
  void sample() const { stats_->sample(); }
  [[nodiscard]] PoolKnowledge knowledge() const;

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
  std::optional<CachePolicy> cache_policy_;
  std::shared_ptr<MemoryCache> cache_;            // goes on while its policy stays
  std::shared_ptr<InvalidationStamps> stamps_;    // null: no pool of this Proxy keeps responses
  std::shared_ptr<observe::RequestStats> stats_;  // goes on in the next generation
};

// Core-bound.
class PoolFilter {
 public:
  // `previous`: this core's pool of the same name in the generation before; may be null.
  PoolFilter(const loop::Core& core, std::shared_ptr<const PoolPrototype> prototype, Logger logger,
             PoolFilter* previous);

  [[nodiscard]] const PoolPrototype& prototype() const { return *prototype_; }
  // Leaves a response in the exchange; the result of the filter.
  [[nodiscard]] Task<std::string_view> handle(pipeline::Exchange& exchange);

 private:
  // What one try came to.
  struct Tried {
    Verdict verdict;
    std::string reason{};  // why it failed; "": it did not
    std::string set_cookie{};
    bool responded = false;                          // there is a response of the backend
    bool unsent = false;                             // no backend can have acted on the request
    backend::Blame blame = backend::Blame::backend;  // if it failed
  };
  using Stored = std::shared_ptr<const StoredResponse>;
  // What the cache wants of the response that is to come, and what came of it.
  struct Fill {
    CachePlan plan;
    std::uint32_t stamp = 0;
    TimePoint sent{};
    Stored stale{};             // belongs to the request, but the backend must be asked; or null
    bool conditional = false;   // the request asks whether `stale` is still good
    bool kept = false;          // the cache can answer others now
    bool confirmed = false;     // `answer` is `stale` with new fields
    bool contradicted = false;  // a 304 that is not about `stale`
    Stored answer{};            // unless null, the answer to the client, in place of the response
    std::string set_cookie{};   // for this client only, beside `answer`
  };
  // A fetch that no request waits for.
  struct Revalidation {
    Task<void> task;
    loop::EventLoop::Timer deadline;
  };
  Task<std::string_view> refuse(pipeline::Exchange& exchange);
  Task<std::string_view> answer_last(pipeline::Exchange& exchange, const http::Request& request);
  // through_cache.cc: answers to clients.
  Task<std::string_view> through_cache(pipeline::Exchange& exchange, http::Request& request);
  Task<std::string_view> past_cache(pipeline::Exchange& exchange, http::Request& request);
  std::optional<std::string_view> answer(pipeline::Exchange& exchange, const http::Request& request,
                                         const std::string& key, const MemoryCache::Found& found);
  void serve(pipeline::Exchange& exchange, const http::Request& request, const Stored& stored,
             const http::Headers& earlier, std::string_view tag) const;
  // refill.cc: answers of backends.
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
  // `fill`: null if the response is not to be kept. With one the caller counts the exchange.
  Task<std::string_view> guarded(pipeline::Exchange& exchange, http::Request& request, Fill* fill);
  Task<std::string_view> under_breaker(resilience::CircuitBreaker& breaker,
                                       pipeline::Exchange& exchange, http::Request& request,
                                       Fill* fill);
  // `permit`: of the circuit breaker, which is told what came of it; null: there is none.
  Task<std::string_view> try_on(pipeline::Exchange& exchange, http::Request& request, Fill* fill,
                                resilience::CircuitBreaker::Permit* permit);
  // `fill`: as of guarded(); a body that may be kept is awaited whole.
  Task<Tried> try_once(Try& attempt, http::Request& request, http::Response& response,
                       const Fill* fill);
  Task<backend::Outcome<Reply>> follow(Try& attempt, http::Request& request,
                                       http::Response& response);
  std::string_view accept(pipeline::Exchange& exchange, const Tried& tried,
                          const http::Headers& earlier, const Fill* fill);
  void count(pipeline::Exchange& exchange) const;
  // `fill`: as of guarded().
  std::string_view finish(pipeline::Exchange& exchange, Verdict verdict, const std::string& reason,
                          const Fill* fill = nullptr);

  const loop::Core& core_;
  std::shared_ptr<const PoolPrototype> prototype_;
  Logger logger_;
  ServerGroup servers_;
  std::minstd_rand random_;
  Flights flights_;
  std::vector<std::unique_ptr<Revalidation>> revalidations_;  // last: they use all the rest
};

}  // namespace sluice::filters
