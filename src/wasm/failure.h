// SPDX-License-Identifier: Apache-2.0
// Makes one line of Wasmtime's report about a guest that failed. Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "wasm/handles.h"

namespace sluice::wasm {

// Returns "out of bounds memory access, in loop < wasm_run" (innermost first). `host_error`: the
// error of a host function; "" if none has failed. `entry`: the export that was called, for modules
// whose functions have no names. Requires: exactly one of `trap` and `error` is not null.
[[nodiscard]] Error guest_failure(const wasm_trap_t* trap, const wasmtime_error_t* error,
                                  const std::string& host_error, std::string_view entry = {});

// Returns the message for a guest that ended itself.
[[nodiscard]] std::string exit_text(std::uint32_t status);

// Returns the import that does not fit, and the reason, in Wasmtime's words.
[[nodiscard]] std::string import_fault(const wasmtime_error_t& error);

}  // namespace sluice::wasm
