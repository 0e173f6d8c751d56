// SPDX-License-Identifier: Apache-2.0
// Recipe: creates a guest of a filter: instantiates the module, sets it up, and calls wasm_init
// with the parameters.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/time.h"
#include "filters/wasm_host/known.h"
#include "wasm/instance.h"
#include "wasm/linker.h"

namespace sluice::filters {

// Immutable; shared by the cores.
struct Recipe {
  std::shared_ptr<const wasm::LinkedModule> module;
  std::map<std::string, std::string> parameters;
  std::uint64_t memory_bytes_max;
  Duration timeout;          // of a run; the creation of a guest has at least 2 s
  unsigned waiting_max = 1;  // per core
  std::optional<KnownSpec> known{};
  bool serves_known = false;  // onStoreLoss
  Logger logger;
  std::string name;  // "pipeline/filter"

  // The errors are those of Instance::create, prefixed with the step that failed.
  [[nodiscard]] Task<Result<std::unique_ptr<wasm::Instance>>> make(wasm::Pace pace) const;
};

}  // namespace sluice::filters
