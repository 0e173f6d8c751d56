// SPDX-License-Identifier: Apache-2.0
// LinkedModule: a Module with the imports that a Linker has found for it.
#pragma once

#include <memory>

#include "wasm/abi.h"
#include "wasm/module.h"

struct sluice_linked;
struct wasmtime_instance_pre;

namespace sluice::wasm {

class Engine;

// A module whose imports are resolved and whose exports are as its ABI demands. Any thread.
class LinkedModule {
 public:
  // Takes over `pre`. Requires: `engine` outlives this.
  LinkedModule(const Engine& engine, const Abi& abi, std::shared_ptr<const Module> module,
               wasmtime_instance_pre* pre, bool uses_wasi);
  // Of a component. Takes over `component`, whose imports refer to `rows`.
  LinkedModule(const Engine& engine, const Abi& abi, std::shared_ptr<const Module> module,
               sluice_linked* component, std::shared_ptr<const void> rows);
  ~LinkedModule();
  LinkedModule(const LinkedModule&) = delete;
  LinkedModule& operator=(const LinkedModule&) = delete;

  [[nodiscard]] const Engine& engine() const { return engine_; }
  [[nodiscard]] const Abi& abi() const { return abi_; }
  [[nodiscard]] const Module& module() const { return *module_; }
  [[nodiscard]] const wasmtime_instance_pre* pre() const { return pre_; }
  // Null: it is a core module.
  [[nodiscard]] const sluice_linked* component() const { return component_; }
  [[nodiscard]] bool uses_wasi() const { return uses_wasi_; }

 private:
  const Engine& engine_;
  Abi abi_;
  std::shared_ptr<const Module> module_;
  std::shared_ptr<const void> rows_;
  // Owned; one of them is null.
  wasmtime_instance_pre* pre_ = nullptr;
  sluice_linked* component_ = nullptr;
  bool uses_wasi_;
};

}  // namespace sluice::wasm
