// SPDX-License-Identifier: Apache-2.0
// Types and clocks of WASI preview 1 (witx: typenames).
#pragma once

#include <cstdint>

namespace sluice::wasm {

using I32 = std::uint32_t;
using I64 = std::uint64_t;

// witx: clockid.
inline constexpr I32 kRealtime = 0;
inline constexpr I32 kMonotonic = 1;

}  // namespace sluice::wasm
