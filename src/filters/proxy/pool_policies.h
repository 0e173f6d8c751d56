// SPDX-License-Identifier: Apache-2.0
// The resilience policies of a pool. Their state is the pool's own, for all cores, and outlives
// changes of the pipeline that leave the policy and the pool's servers as they are.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "config/faults.h"
#include "filters/proxy/spec.h"
#include "resilience/circuit_breaker.h"
#include "resilience/policies.h"
#include "resilience/retry.h"

namespace sluice::filters {

struct PoolPolicies {
  std::shared_ptr<resilience::Retry> retry;             // null: one try
  std::shared_ptr<resilience::CircuitBreaker> breaker;  // null: none
  std::vector<std::string> servers;                     // their URLs

  // Adds "retry" and "circuitBreaker" to the status of the pool.
  void add_status(Json& status) const;
};

// Looks up the policies that `spec` names; faults below `path`. `policies`: null if the pipeline
// has none. `previous`: of the same pool in the running generation, or null.
[[nodiscard]] PoolPolicies resolve_policies(const PoolSpec& spec, const std::string& path,
                                            const resilience::Policies* policies,
                                            const PoolPolicies* previous, config::Faults& faults);

}  // namespace sluice::filters
