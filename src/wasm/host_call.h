// SPDX-License-Identifier: Apache-2.0
// Inside wasm/ only: how a guest gets into the host functions of an ABI.
#pragma once

#include <cstddef>

#include "wasm/handles.h"

namespace sluice::wasm {

// The trampoline of every host function; `env` is its HostFunction. `guarded` ones may not be
// called while a nested call runs.
wasm_trap_t* enter_host(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                        std::size_t count);
wasm_trap_t* enter_guarded_host(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                                std::size_t count);

}  // namespace sluice::wasm
