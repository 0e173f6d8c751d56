// SPDX-License-Identifier: Apache-2.0
// WasmHost: runs a program of the user on every request.
#pragma once

#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "filters/wasm_host/guest_budget.h"
#include "filters/wasm_host/handover/handover.h"
#include "pipeline/filter.h"
#include "store/store.h"
#include "wasm/engine.h"

namespace sluice::filters {

// Requires: `engine` and `store` outlive every filter. `code_folder` is the folder for kept code;
// if it is "", no code is kept and a restart reads the source again. Error `internal`: the engine
// cannot link the host functions of the ABI. `handover`: null if no other member is reached from
// here; make_cluster_port_kind() has the same one.
// `offline`: code at a URL is not read, with a warning. `guests`: null: a budget of its own.
[[nodiscard]] Result<std::unique_ptr<pipeline::FilterKind>> make_wasm_host_kind(
    wasm::Engine& engine, store::Store& store, Logger logger, unsigned core_count,
    const std::string& code_folder = {}, std::shared_ptr<Handover> handover = {},
    bool offline = false, std::shared_ptr<GuestBudget> guests = {});

}  // namespace sluice::filters
