// SPDX-License-Identifier: Apache-2.0
// Linker: the imports that guests of one ABI find: its host functions, WASI preview 1 with nothing
// behind it (no files, arguments, environment; output goes to the log), and the three functions
// that AssemblyScript programs import.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "wasm/abi.h"
#include "wasm/module.h"

struct wasmtime_instance_pre;

namespace sluice::wasm {

class Engine;

// A module whose imports are resolved and whose exports are as its ABI demands. Any thread.
class LinkedModule {
 public:
  LinkedModule(const Engine& engine, const Abi& abi, std::shared_ptr<const Module> module,
               wasmtime_instance_pre* pre);
  ~LinkedModule();
  LinkedModule(const LinkedModule&) = delete;
  LinkedModule& operator=(const LinkedModule&) = delete;

  [[nodiscard]] const Engine& engine() const { return engine_; }
  [[nodiscard]] const Abi& abi() const { return abi_; }
  [[nodiscard]] const Module& module() const { return *module_; }
  [[nodiscard]] const wasmtime_instance_pre* pre() const { return pre_; }
  [[nodiscard]] bool uses_wasi() const { return uses_wasi_; }

 private:
  const Engine& engine_;
  Abi abi_;
  std::shared_ptr<const Module> module_;
  wasmtime_instance_pre* pre_;  // owned
  bool uses_wasi_;
};

class Linker {
 public:
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
