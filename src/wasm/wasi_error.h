// SPDX-License-Identifier: Apache-2.0
// The errors that functions of WASI preview 1 return (witx: typenames, errno).
#pragma once

#include <cstdint>

namespace sluice::wasm {

enum class WasiError : std::int32_t {
  success = 0,
  badf = 8,
  inval = 28,
  notdir = 54,
  notsock = 57,
  notsup = 58,
  spipe = 70,
};

constexpr std::int32_t code(WasiError error) { return static_cast<std::int32_t>(error); }

inline constexpr std::int32_t kSuccess = code(WasiError::success);

}  // namespace sluice::wasm
