// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/pool_policies.h"

#include <nlohmann/json.hpp>

namespace sluice::filters {

PoolPolicies resolve_policies(const PoolSpec& spec, const std::string& path,
                              const resilience::Policies* policies, const TlsSpec& mtls,
                              const PoolPolicies* previous, config::Faults& faults) {
  static const resilience::Policies kNone;
  if (policies == nullptr) policies = &kNone;
  PoolPolicies found;
  for (const ServerSpec& server : spec.servers.chosen()) found.reach.urls.push_back(server.url);
  found.reach.tls = spec.servers.tls.value_or(mtls);
  found.reach.http2 = spec.servers.http2;
  if (previous != nullptr && previous->reach != found.reach) previous = nullptr;
  const auto* retry =
      policies->retry(spec.retry_policy, config::join_path(path, "retryPolicy"), faults);
  if (retry != nullptr) {
    const bool same = previous != nullptr && previous->retry && previous->retry->spec() == *retry;
    found.retry =
        same ? previous->retry : std::make_shared<resilience::Retry>(*retry, Clock::now());
  }
  const auto* breaker = policies->circuit_breaker(
      spec.circuit_breaker_policy, config::join_path(path, "circuitBreakerPolicy"), faults);
  if (breaker != nullptr) {
    const bool same =
        previous != nullptr && previous->breaker && previous->breaker->spec() == *breaker;
    found.breaker =
        same ? previous->breaker : std::make_shared<resilience::CircuitBreaker>(*breaker);
  }
  return found;
}

void PoolPolicies::add_status(Json& status) const {
  if (retry)
    status["retry"] = {{"retries", retry->retries()}, {"budget", retry->budget().available()}};
  if (breaker) status["circuitBreaker"] = breaker->status(Clock::now());
}

}  // namespace sluice::filters
