// SPDX-License-Identifier: Apache-2.0
#include "wasm/linked_module.h"

#include "wasm/component.h"
#include "wasm/handles.h"

namespace sluice::wasm {

LinkedModule::LinkedModule(const Engine& engine, const Abi& abi,
                           std::shared_ptr<const Module> module, wasmtime_instance_pre* pre,
                           bool uses_wasi)
    : engine_(engine), abi_(abi), module_(std::move(module)), pre_(pre), uses_wasi_(uses_wasi) {}

LinkedModule::LinkedModule(const Engine& engine, const Abi& abi,
                           std::shared_ptr<const Module> module, sluice_linked* component,
                           std::shared_ptr<const void> rows)
    : engine_(engine),
      abi_(abi),
      module_(std::move(module)),
      rows_(std::move(rows)),
      component_(component),
      uses_wasi_(true) {}

LinkedModule::~LinkedModule() {
  if (pre_ != nullptr) wasmtime_instance_pre_delete(pre_);
  if (component_ != nullptr) sluice_component_unlink(component_);
}

}  // namespace sluice::wasm
