// SPDX-License-Identifier: Apache-2.0
#include "wasm/host_entry.h"

#include "wasm/host_call.h"
#include "wasm/instance_state.h"

namespace sluice::wasm {
namespace {

static_assert(sizeof(RawValue) == sizeof(wasmtime_val_raw_t));

wasm_trap_t* trap_with(InstanceState& state, std::string message) {
  if (state.host_error.empty()) state.host_error = message;
  return wasmtime_trap_new(message.data(), message.size());
}

wasm_trap_t* run_host(const HostFunction& function, InstanceState& state, wasmtime_caller_t* caller,
                      wasmtime_val_raw_t* values) {
  HostCall call(state, caller, reinterpret_cast<RawValue*>(values));
  const Result<void> done = function.enter(call);
  if (done) [[likely]]
    return nullptr;
  return trap_with(state, std::string(function.name) + ": " + done.error().message);
}

InstanceState& state_of(wasmtime_caller_t* caller) {
  return *static_cast<InstanceState*>(wasmtime_context_get_data(wasmtime_caller_context(caller)));
}

}  // namespace

wasm_trap_t* enter_host(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                        std::size_t) {
  return run_host(*static_cast<const HostFunction*>(env), state_of(caller), caller, values);
}

wasm_trap_t* enter_guarded_host(void* env, wasmtime_caller_t* caller, wasmtime_val_raw_t* values,
                                std::size_t) {
  const auto& function = *static_cast<const HostFunction*>(env);
  InstanceState& state = state_of(caller);
  if (state.inside_nested_call) {
    return trap_with(state, std::string(function.name) + " called while the host called the guest");
  }
  return run_host(function, state, caller, values);
}

}  // namespace sluice::wasm
