// SPDX-License-Identifier: Apache-2.0
// ScriptEngines: the modules that run scripts. They lie beside the program, in ../share/sluice.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "wasm/engine.h"
#include "wasm/linker.h"

namespace sluice::filters {

// Any thread but a worker's.
class ScriptEngines {
 public:
  // Requires: both outlive this.
  ScriptEngines(const wasm::Engine& engine, const wasm::Linker& linker)
      : engine_(engine), linker_(linker) {}

  // The engine of `language`. The first call reads and compiles it, for a second.
  [[nodiscard]] Result<std::shared_ptr<const wasm::LinkedModule>> get(const std::string& language);

 private:
  const wasm::Engine& engine_;
  const wasm::Linker& linker_;
  Mutex mutex_;  // also held while an engine is compiled, which happens once
  std::map<std::string, std::shared_ptr<const wasm::LinkedModule>> made_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::filters
