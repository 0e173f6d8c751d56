// SPDX-License-Identifier: Apache-2.0
// A pool of a Proxy: from an exchange to its response and result, over as many tries as it takes.
//   PoolPrototype  per pool and generation: what the cores share
//   Pool           its part on one core
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/log.h"
#include "filters/proxy/cache/flights.h"
#include "filters/proxy/cache/memory_cache.h"
#include "filters/proxy/pool_policies.h"
#include "filters/proxy/server_pool.h"
#include "filters/proxy/spec.h"
#include "filters/proxy/verdict.h"
#include "observe/request_stats.h"
#include "pipeline/exchange.h"

namespace sluice::filters {

// What all pools of the process share.
struct PoolServices {
  unsigned core_count = 1;
  std::shared_ptr<backend::HealthThread> health_thread{};
  Logger logger{};
};

// Immutable but for its counters. Any thread.
class PoolPrototype {
 public:
  // `name`: for tags and logs, "proxy#<filter>#main".
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
  friend class Pool;
  std::string name_;
  std::shared_ptr<const ServerPoolPrototype> servers_;
  Duration timeout_{};
  std::int64_t body_bytes_max_ = 0;
  std::uint32_t redirections_max_ = 0;
  std::bitset<600> failure_codes_;
  PoolPolicies policies_;
  std::shared_ptr<MemoryCache> cache_;
  std::shared_ptr<observe::RequestStats> stats_;  // goes on in the next generation
};

// Core-bound.
class Pool {
 public:
  // `previous`: this core's pool of the same name in the generation before; may be null.
  Pool(const loop::Core& core, std::shared_ptr<const PoolPrototype> prototype, Logger logger,
       Pool* previous);

  [[nodiscard]] const PoolPrototype& prototype() const { return *prototype_; }
  // Leaves a response in the exchange; the result of the filter.
  [[nodiscard]] Task<std::string_view> handle(pipeline::Exchange& exchange);

 private:
  // What one try came to.
  struct Tried {
    Verdict verdict;
    std::string reason{};  // why it failed; "": it did not
    std::string set_cookie{};
    bool responded = false;  // there is a response of the backend
    bool unsent = false;     // no backend can have acted on the request
    backend::Blame blame = backend::Blame::backend;  // if it failed
  };
  // What the cache wants of the response that is to come.
  struct Fill {
    CachePlan plan;
    std::uint32_t stamp;
    bool filled;
  };
  Task<std::string_view> refuse(pipeline::Exchange& exchange);
  Task<std::string_view> through_cache(pipeline::Exchange& exchange, http::Request& request);
  bool answer(pipeline::Exchange& exchange, const http::Request& request, const std::string& key,
              const CachePlan& plan);
  void keep(const http::Request& request, const http::Response& response, Fill& fill);
  // `fill`: null if the response is not to be kept.
  Task<std::string_view> guarded(pipeline::Exchange& exchange, http::Request& request, Fill* fill);
  Task<std::string_view> under_breaker(resilience::CircuitBreaker& breaker,
                                       pipeline::Exchange& exchange, http::Request& request,
                                       Fill* fill);
  // `permit`: of the circuit breaker, which is told what came of it; null: there is none.
  Task<std::string_view> try_on(pipeline::Exchange& exchange, http::Request& request, Fill* fill,
                                resilience::CircuitBreaker::Permit* permit);
  Task<Tried> try_once(Try& attempt, http::Request& request, http::Response& response);
  Task<backend::Outcome<Reply>> follow(Try& attempt, http::Request& request,
                                       http::Response& response);
  std::string_view accept(pipeline::Exchange& exchange, const Tried& tried,
                          const http::Headers& earlier);
  static void merge_headers(http::Headers earlier, http::Headers& headers);
  void count(pipeline::Exchange& exchange) const;
  std::string_view finish(pipeline::Exchange& exchange, Verdict verdict, const std::string& reason);

  const loop::Core& core_;
  std::shared_ptr<const PoolPrototype> prototype_;
  Logger logger_;
  ServerPool servers_;
  std::minstd_rand random_;
  Flights flights_;
};

}  // namespace sluice::filters
