// SPDX-License-Identifier: Apache-2.0
// The figures of the pools of Proxy filters and of their servers, for Prometheus.
#pragma once

#include <string_view>

#include "backend/server.h"
#include "backend/server_state.h"
#include "filters/proxy/pool_policies.h"
#include "observe/exposition.h"
#include "observe/request_stats.h"
#include "pipeline/figures.h"

namespace sluice::filters {

[[nodiscard]] observe::MetricFamilies proxy_metric_families();

// A pool, as its labels tell it.
struct PoolPlace {
  pipeline::FilterPlace filter;
  std::string_view pool;
};
// Any thread but a worker's.
void expose_pool(const observe::RequestStats& stats, const PoolPolicies& policies,
                 const PoolPlace& place, observe::Exposition& out);
// `checked`: there is a health check, and its result counts.
void expose_servers(const backend::Servers& servers, const backend::ServerStates& states,
                    bool checked, const PoolPlace& place, observe::Exposition& out);

}  // namespace sluice::filters
