// SPDX-License-Identifier: Apache-2.0
// Inside wasm/ only: the state of an Instance.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "wasm/abi.h"
#include "wasm/component_guest.h"
#include "wasm/guest_output.h"
#include "wasm/handles.h"
#include "wasm/linked_module.h"
#include "wasm/wasi_descriptors.h"

namespace sluice::wasm {

struct InstanceState {
  std::shared_ptr<const LinkedModule> module;
  std::unique_ptr<GuestOutput> output;
  StorePtr store;
  wasmtime_context_t* context = nullptr;
  wasmtime_instance_t instance{};
  wasmtime_memory_t memory{};
  bool has_memory = false;
  std::uint64_t memory_bytes_max = 0;      // of it
  std::vector<wasmtime_func_t> functions;  // of the ABI; store_id 0: the guest has none
  wasmtime_func_t initializer{};

  // Null: it is a core module. In its place the members above are unused.
  std::unique_ptr<ComponentGuest> component;

  WasiDescriptors descriptors;

  void* user = nullptr;
  bool inside_nested_call = false;
  bool alive = true;
  std::uint32_t errors_at = 0;  // as HostCall::send_errors_to; 0: errors trap the guest
  std::uint32_t errors_bytes_max = 0;
  std::string host_error;  // the first error of a host function, or the exit of the guest
  GuestWords words;        // of the call in progress, or the last one
  std::string_view entry;  // the function that was called
  TimePoint wake_at{};     // the guest sleeps until then

  // The call in progress. Wasmtime keeps the addresses of trap, error and result while it runs.
  FuturePtr future;
  bool returned = false;  // it is done, though perhaps asleep
  wasm_trap_t* trap = nullptr;
  wasmtime_error_t* error = nullptr;
  wasmtime_val_t result{};

  // True if the guest exports function `index` of the ABI. False before the exports are known.
  [[nodiscard]] bool has(std::size_t index) const {
    if (component) return index == module->abi().world->run;
    return index < functions.size() && functions[index].store_id != 0;
  }
};

}  // namespace sluice::wasm
