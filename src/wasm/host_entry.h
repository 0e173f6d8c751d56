// SPDX-License-Identifier: Apache-2.0
// Inside wasm/ only: the entries of the host functions, as Wasmtime calls them.
#pragma once

#include <cstddef>

#include "wasm/handles.h"

namespace sluice::wasm {

// The trampoline of every host function; `env` is its HostFunction.
wasm_trap_t* enter_host(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                        std::size_t count);
// Like enter_host(), but traps while the host calls the guest.
wasm_trap_t* enter_guarded_host(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                                std::size_t count);

}  // namespace sluice::wasm
