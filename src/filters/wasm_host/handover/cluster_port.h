// SPDX-License-Identifier: Apache-2.0
// ClusterPort: the filter behind the cluster port of a member. It runs the exchanges that other
// members hand over (POST /cluster/run), and tells what this member has sent to the store
// (GET /cluster/newest?ns=&fence=). The spec of an object cannot name this kind.
#pragma once

#include <memory>

#include "filters/wasm_host/handover/handed_runs.h"
#include "filters/wasm_host/handover/handover.h"
#include "pipeline/filter.h"

namespace sluice::filters {

inline constexpr std::string_view kClusterPortKind = "ClusterPort";

// `handover`: the one that the WasmHost filters have.
[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_cluster_port_kind(
    std::shared_ptr<Handover> handover, HandedRunsLimits limits = {});

}  // namespace sluice::filters
