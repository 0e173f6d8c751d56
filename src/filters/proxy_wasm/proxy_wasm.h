// SPDX-License-Identifier: Apache-2.0
// ProxyWasm: runs a plugin for the proxy-wasm ABI on every request and response.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "filters/wasm_host/guest_budget.h"
#include "pipeline/filter.h"
#include "pipeline/pipeline_finder.h"
#include "store/store.h"
#include "wasm/engine.h"

namespace sluice::filters {

struct ProxyWasmServices {
  std::shared_ptr<GuestBudget> guests{};  // null: a budget of its own
  std::string code_folder{};              // for kept code, of this kind alone; "": none is kept
  // The pipelines that guests may call; null: none.
  const pipeline::PipelineFinder* pipelines = nullptr;
  bool offline = false;  // code at a URL is not read, with a warning
};

// Requires: `engine`, `store` and `services.pipelines` outlive every filter. Error `internal`: the
// engine cannot link the host functions of the ABI.
[[nodiscard]] Result<std::unique_ptr<pipeline::FilterKind>> make_proxy_wasm_kind(
    wasm::Engine& engine, store::Store& store, Logger logger, unsigned core_count,
    ProxyWasmServices services = {});

}  // namespace sluice::filters
