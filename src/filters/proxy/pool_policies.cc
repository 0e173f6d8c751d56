// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/pool_policies.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "filters/proxy/knowledge.h"

namespace sluice::filters {
namespace {

// The scope of their state: these servers, reached in this way.
struct Reach {
  std::vector<std::string> urls;
  TlsSpec tls;
  std::optional<bool> http2;
  bool operator==(const Reach&) const = default;
};

Reach reach_of(const PoolSpec& spec, const TlsSpec& mtls) {
  Reach reach{.urls = {}, .tls = spec.servers.tls.value_or(mtls), .http2 = spec.servers.http2};
  for (const ServerSpec& server : spec.servers.chosen()) reach.urls.push_back(server.url);
  return reach;
}

}  // namespace

PoolPolicies resolve_policies(const PoolSpec& spec, const std::string& path,
                              const resilience::Policies* policies, const TlsSpec& mtls,
                              const pipeline::StateScope& states, config::Faults& faults) {
  static const resilience::Policies kNone;
  if (policies == nullptr) policies = &kNone;
  const Reach reach = reach_of(spec, mtls);
  PoolPolicies found;
  const auto* retry =
      policies->retry(spec.retry_policy, config::join_path(path, "retryPolicy"), faults);
  if (retry != nullptr) {
    found.retry = states.keep("retry", std::pair(reach, *retry), [retry] {
      return std::make_shared<resilience::Retry>(*retry, Clock::now());
    });
  }
  const auto* breaker = policies->circuit_breaker(
      spec.circuit_breaker_policy, config::join_path(path, "circuitBreakerPolicy"), faults);
  if (breaker != nullptr) {
    found.breaker = states.keep("circuitBreaker", std::pair(reach, *breaker),
                                [breaker] { return std::make_shared<LearningBreaker>(*breaker); });
  }
  return found;
}

void PoolPolicies::add_status(Json& status) const {
  if (retry)
    status["retry"] = {{"retries", retry->retries()}, {"budget", retry->budget().available()}};
  if (breaker) status["circuitBreaker"] = breaker->status(Clock::now());
}

}  // namespace sluice::filters
