// SPDX-License-Identifier: Apache-2.0
// The first bytes of a program.
#pragma once

#include <string_view>

namespace sluice::wasm {

// True for the preamble of a component; false for that of a core module.
[[nodiscard]] inline bool is_component(std::string_view bytes) {
  constexpr std::string_view kPreamble{"\0asm\x0d\0\1\0", 8};
  return bytes.starts_with(kPreamble);
}

}  // namespace sluice::wasm
