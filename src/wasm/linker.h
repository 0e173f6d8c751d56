// SPDX-License-Identifier: Apache-2.0
// Linker: resolves the imports of the guests of one ABI. It offers the host functions of the ABI.
// Unless the ABI has its own of that module and name, it also offers WASI preview 1 without access
// to anything (no files, arguments, environment; output goes to the log), and the three functions
// that AssemblyScript programs import from `env`. A component gets the WitWorld of the ABI, and
// WASI 0.2 likewise without access to anything. Immutable; any thread.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "wasm/abi.h"
#include "wasm/linked_module.h"
#include "wasm/module.h"

namespace sluice::wasm {

class Engine;

class Linker {
 public:
  // Error `internal` if the ABI has a function twice. Requires: `engine` outlives this.
  [[nodiscard]] static Result<std::unique_ptr<const Linker>> create(const Engine& engine,
                                                                    const Abi& abi);
  ~Linker();

  // Resolves the imports of `module` and checks its exports. Error `invalid` names every import
  // that is not offered, and every export that is missing or has the wrong type.
  [[nodiscard]] Result<std::shared_ptr<const LinkedModule>> link(
      std::shared_ptr<const Module> module) const;

 private:
  struct Handle;
  Linker(const Engine& engine, const Abi& abi);
  [[nodiscard]] Result<std::shared_ptr<const LinkedModule>> link_component(
      std::shared_ptr<const Module> module) const;
  [[nodiscard]] Result<void> check_imports(const Module& module) const;
  [[nodiscard]] Result<void> check_exports(const Module& module) const;

  const Engine& engine_;
  Abi abi_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace sluice::wasm
