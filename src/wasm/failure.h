// SPDX-License-Identifier: Apache-2.0
// One line out of what Wasmtime says about a guest that failed.
#pragma once

#include <string>

#include "base/result.h"
#include "wasm/handles.h"

namespace sluice::wasm {

// `host_error`: what a host function returned, if one did. Exactly one of trap and error is set.
// "out of bounds memory access, in wasm_run < loop (innermost first)".
[[nodiscard]] Error guest_failure(const wasm_trap_t* trap, const wasmtime_error_t* error,
                                  const std::string& host_error);

}  // namespace sluice::wasm
