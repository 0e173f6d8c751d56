// SPDX-License-Identifier: Apache-2.0
// Recipe: creates a guest of a filter: instantiates the module, sets it up, and calls wasm_init
// with the parameters; `configure` in a component.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/time.h"
#include "filters/wasm_host/known.h"
#include "filters/wasm_host/script.h"
#include "wasm/instance.h"
#include "wasm/linker.h"

namespace sluice::filters {

// Immutable; shared by the cores.
struct Recipe {
  std::shared_ptr<const wasm::LinkedModule> module;
  std::shared_ptr<const Script> script{};  // null: the module is the program
  bool reads_responses = false;            // the body of the response that is there already
  std::map<std::string, std::string> parameters;
  std::uint64_t memory_bytes_max;
  Duration timeout;          // of a run; the creation of a guest has at least 2 s
  unsigned waiting_max = 1;  // per core
  std::optional<KnownSpec> known{};
  bool serves_known = false;  // onStoreLoss
  Logger logger;
  std::string name;                                  // "pipeline/filter"
  std::shared_ptr<const wasm::Snapshot> snapshot{};  // of a guest that is set up; null: none

  // The errors are those of Instance::create, prefixed with the step that failed.
  [[nodiscard]] Task<Result<std::unique_ptr<wasm::Instance>>> make(wasm::Pace pace) const;
  // Makes a guest, and has make() copy it from now on. For a script, whose engine keeps its state
  // in the memory.
  [[nodiscard]] Task<Result<void>> take_snapshot(wasm::Pace pace);

  // For the two above.
  struct Making;
  [[nodiscard]] Task<Result<void>> set_up(Making& making) const;
  [[nodiscard]] Task<Result<void>> configure(Making& making) const;
  [[nodiscard]] Task<Result<void>> give(Making& making,
                                        wasm::GuestFunction<void(std::uint32_t)> function,
                                        const std::string& bytes, std::string_view what) const;
};

}  // namespace sluice::filters
