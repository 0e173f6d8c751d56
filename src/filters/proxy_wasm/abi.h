// SPDX-License-Identifier: Apache-2.0
// The ABI proxy-wasm 0.2.1, with 0.2.0 and 0.1.0: the host functions, by subject.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "wasm/abi.h"
#include "wasm/module.h"

namespace sluice::filters::proxy_wasm {

[[nodiscard]] const wasm::Abi& abi();
// Error `invalid`: the module announces no version of the ABI that is known here, or a callback has
// the type of another version.
[[nodiscard]] Result<void> check_module(const wasm::Module& module);
// True if the module announces the ABI, whatever its version.
[[nodiscard]] bool announces_abi(const wasm::Module& module);

[[nodiscard]] std::span<const wasm::HostFunction> context_functions();
[[nodiscard]] std::span<const wasm::HostFunction> header_functions();
[[nodiscard]] std::span<const wasm::HostFunction> buffer_functions();
[[nodiscard]] std::span<const wasm::HostFunction> stream_functions();
[[nodiscard]] std::span<const wasm::HostFunction> property_functions();
[[nodiscard]] std::span<const wasm::HostFunction> shared_functions();
[[nodiscard]] std::span<const wasm::HostFunction> metric_functions();
[[nodiscard]] std::span<const wasm::HostFunction> call_functions();
[[nodiscard]] std::span<const wasm::HostFunction> absent_functions();

}  // namespace sluice::filters::proxy_wasm
