// SPDX-License-Identifier: Apache-2.0
// The visible list of filters. Nothing registers itself.
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

namespace sluice::filters {

// What filters may use beyond their spec. Everything outlives the kinds.
struct Services {
  wasm::Engine& engine;
  store::Store& store;
  Logger logger;
  unsigned core_count;
  std::string code_folder{};  // where the code of guests is kept; "": nowhere
  std::string own_secret{};   // of this gateway, for what clients bring back
};

// Error: a kind cannot work in this process at all.
[[nodiscard]] Result<std::vector<std::unique_ptr<pipeline::FilterKind>>> all(
    const Services& services);

}  // namespace sluice::filters
