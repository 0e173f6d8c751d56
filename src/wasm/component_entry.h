// SPDX-License-Identifier: Apache-2.0
// Inside wasm/ only: the entries of the host functions, as components call them.
#pragma once

#include "wasm/abi.h"
#include "wasm/component_api.h"
#include "wasm/wit_world.h"

namespace sluice::wasm {

// A function of the ABI, which a component calls by the shape in its world. Outlives the guests.
struct ComponentImport {
  const HostFunction* function;
  const WitImport* import;
};

// The functions that the library calls back; `user` is an InstanceState.
[[nodiscard]] const sluice_callbacks& component_callbacks();

}  // namespace sluice::wasm
