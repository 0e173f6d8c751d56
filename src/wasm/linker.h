// SPDX-License-Identifier: Apache-2.0
// Linker: the imports that guests of one ABI find: its host functions; and, unless the ABI has its
// own of that module and name, WASI preview 1 with nothing behind it (no files, arguments,
// environment; output goes to the log) and the three functions that AssemblyScript programs import
// from `env`.
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
  // Error `internal` if the ABI has a function twice.
  [[nodiscard]] static Result<std::unique_ptr<const Linker>> create(const Engine& engine,
                                                                    const Abi& abi);
  ~Linker();

  // Error `invalid` names every import that nobody offers and every export that is missing or has
  // the wrong type.
  [[nodiscard]] Result<std::shared_ptr<const LinkedModule>> link(
      std::shared_ptr<const Module> module) const;

 private:
  struct Handle;
  Linker(const Engine& engine, const Abi& abi);
  [[nodiscard]] Result<void> check_imports(const Module& module) const;
  [[nodiscard]] Result<void> check_exports(const Module& module) const;

  const Engine& engine_;
  Abi abi_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace sluice::wasm
