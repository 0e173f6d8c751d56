// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::filters {

inline constexpr std::string_view kOutOfVm = "outOfVM";
inline constexpr std::string_view kWasmError = "wasmError";
inline constexpr std::string_view kLimitReached = "limitReached";

inline constexpr std::array<std::string_view, 12> kWasmHostResults = {
    kOutOfVm,      kWasmError,    "wasmResult1", "wasmResult2", "wasmResult3", "wasmResult4",
    "wasmResult5", "wasmResult6", "wasmResult7", "wasmResult8", "wasmResult9", kLimitReached};

// The values that wasm_run may return: 0 for "", 1 to 9 for wasmResult1 to wasmResult9.
[[nodiscard]] inline bool is_result(std::int32_t value) { return value >= 0 && value <= 9; }
[[nodiscard]] inline std::string_view result_name(std::int32_t value) {
  return value == 0 ? std::string_view() : kWasmHostResults[static_cast<std::size_t>(value) + 1];
}

}  // namespace sluice::filters
