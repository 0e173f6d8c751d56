// SPDX-License-Identifier: Apache-2.0
#include "wasm/linked_module.h"

#include "wasm/handles.h"

namespace sluice::wasm {

LinkedModule::LinkedModule(const Engine& engine, const Abi& abi,
                           std::shared_ptr<const Module> module, wasmtime_instance_pre* pre,
                           bool uses_wasi)
    : engine_(engine), abi_(abi), module_(std::move(module)), pre_(pre), uses_wasi_(uses_wasi) {}

LinkedModule::~LinkedModule() { wasmtime_instance_pre_delete(pre_); }

}  // namespace sluice::wasm
