// SPDX-License-Identifier: Apache-2.0
// The imports of language runtimes besides an ABI: AssemblyScript's env.abort, env.seed and
// env.Date.now, and WASI preview 1; of its predecessor, which compilers used until 2020, the
// functions that have not changed.
#pragma once

#include <span>
#include <string_view>

#include "wasm/abi.h"

namespace sluice::wasm {

// Returns these modules. They live as long as the process. Any thread.
[[nodiscard]] std::span<const ImportModule> runtime_modules();

// Random bytes of the system.
[[nodiscard]] Result<void> fill_random(std::span<char> out);

inline constexpr std::string_view kWasiModule = "wasi_snapshot_preview1";
inline constexpr std::string_view kOldWasiModule = "wasi_unstable";

}  // namespace sluice::wasm
