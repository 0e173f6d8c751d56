// SPDX-License-Identifier: Apache-2.0
// One line out of what Wasmtime says about a guest that failed.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "wasm/handles.h"

namespace sluice::wasm {

// `host_error`: what a host function returned, if one did. Exactly one of trap and error is set.
// "out of bounds memory access, in loop < wasm_run" (innermost first). `entry`: the export that was
// called, for modules whose functions have no names.
[[nodiscard]] Error guest_failure(const wasm_trap_t* trap, const wasmtime_error_t* error,
                                  const std::string& host_error, std::string_view entry = {});

// Returns the message for a guest that ended itself.
[[nodiscard]] std::string exit_text(std::uint32_t status);

// Returns Wasmtime's words on an import that does not fit: which one, and why.
[[nodiscard]] std::string import_fault(const wasmtime_error_t& error);

}  // namespace sluice::wasm
