// SPDX-License-Identifier: Apache-2.0
// ABI: what a host function returns.
#pragma once

#include <cstdint>

namespace sluice::filters::proxy_wasm {

enum class Status : std::uint32_t {
  ok = 0,
  not_found = 1,
  bad_argument = 2,
  parse_failure = 4,
  invalid_memory = 6,
  empty = 7,
  cas_mismatch = 8,
  internal_failure = 10,
  unimplemented = 12,
};

}  // namespace sluice::filters::proxy_wasm
