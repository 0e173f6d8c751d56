// SPDX-License-Identifier: Apache-2.0
// ClusterPort: the filter behind the cluster port of a member. It runs the exchanges that other
// members hand over (POST /cluster/run), tells what this member has sent to the store
// (GET /cluster/newest?ns=&fence=) and its wall clock (GET /cluster/clock, microseconds), and
// passes on calls of administration (POST /cluster/call). The spec of an object cannot name this
// kind.
#pragma once

#include <memory>

#include "filters/wasm_host/handover/handed_runs.h"
#include "filters/wasm_host/handover/handover.h"
#include "filters/wasm_host/handover/port_calls.h"
#include "pipeline/filter.h"

namespace sluice::filters {

inline constexpr std::string_view kClusterPortKind = "ClusterPort";

// `handover`: the one that the WasmHost filters have. `calls`: null refuses them. It answers what
// it has taken before the cores end.
[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_cluster_port_kind(
    std::shared_ptr<Handover> handover, HandedRunsLimits limits = {},
    std::shared_ptr<PortCalls> calls = nullptr);

}  // namespace sluice::filters
