// SPDX-License-Identifier: Apache-2.0
// The resilience policies of a pool. Their state belongs to the pool, for all cores. It survives
// changes of the pipeline that leave the policy, the pool's servers and the way to reach them (TLS,
// HTTP/2) unchanged.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "config/faults.h"
#include "filters/proxy/spec.h"
#include "pipeline/state_registry.h"
#include "resilience/circuit_breaker.h"
#include "resilience/policies.h"
#include "resilience/retry.h"

namespace sluice::filters {

struct PoolPolicies {
  std::shared_ptr<resilience::Retry> retry;             // null: one try
  std::shared_ptr<resilience::CircuitBreaker> breaker;  // null: none

  // Adds "retry" and "circuitBreaker" to the status of the pool.
  void add_status(Json& status) const;
};

// Looks up the policies that `spec` names; faults below `path`. `policies`: null if the pipeline
// has none. `mtls`: the TLS settings of the proxy. `states`: of the pool.
[[nodiscard]] PoolPolicies resolve_policies(const PoolSpec& spec, const std::string& path,
                                            const resilience::Policies* policies,
                                            const TlsSpec& mtls, const pipeline::StateScope& states,
                                            config::Faults& faults);

}  // namespace sluice::filters
