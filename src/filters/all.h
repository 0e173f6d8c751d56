// SPDX-License-Identifier: Apache-2.0
// The list of all filter kinds. No filter registers itself.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "pipeline/filter.h"

namespace sluice::wasm {
class Engine;
}
namespace sluice::store {
class Store;
}
namespace sluice::pipeline {
class PipelineFinder;
}

namespace sluice::filters {

class Handover;

// The services that filters may use beyond their spec. Each outlives the kinds.
struct Services {
  wasm::Engine& engine;
  store::Store& store;
  Logger logger;
  unsigned core_count;
  std::string code_folder{};  // the folder for kept code; "": no code is kept
  std::string own_secret{};   // this gateway's secret, for values that clients send back
  // For a store that several processes share (filters/wasm_host/handover/handover.h); null: none.
  std::shared_ptr<Handover> handover{};
  // For a check without a server: no kind calls a URL. Filters are built, and never run.
  bool offline = false;
  // The pipelines that filters may call; null: none.
  const pipeline::PipelineFinder* pipelines = nullptr;
};

// Error: a kind cannot work in this process at all.
[[nodiscard]] Result<std::vector<std::unique_ptr<pipeline::FilterKind>>> all(
    const Services& services);

}  // namespace sluice::filters
