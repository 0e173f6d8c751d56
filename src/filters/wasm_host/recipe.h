// SPDX-License-Identifier: Apache-2.0
// Recipe: how to make a guest of a filter: instantiate, set up, wasm_init with the parameters.
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
  Duration timeout;          // of a run; making a guest has 2 s at least
  unsigned waiting_max = 1;  // of one core
  std::optional<KnownSpec> known{};
  Logger logger;
  std::string name;  // "pipeline/filter"

  // Errors as of Instance::create, with what failed in front.
  [[nodiscard]] Task<Result<std::unique_ptr<wasm::Instance>>> make(wasm::Pace pace) const;
};

}  // namespace sluice::filters
