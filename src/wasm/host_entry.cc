// SPDX-License-Identifier: Apache-2.0
#include "wasm/host_entry.h"

#include <algorithm>
#include <cstring>

#include "wasm/host_call.h"
#include "wasm/instance_state.h"

namespace sluice::wasm {
namespace {

static_assert(sizeof(RawValue) == sizeof(wasmtime_val_raw_t));

wasm_trap_t* trap_with(InstanceState& state, std::string message) {
  if (state.host_error.empty()) state.host_error = message;
  return wasmtime_trap_new(message.data(), message.size());
}

// True if the guest has taken the error upon itself (HostCall::send_errors_to).
bool tell_guest(const InstanceState& state, HostCall& call, const Error& error) {
  const bool its_fault = error.kind == ErrorKind::invalid || error.kind == ErrorKind::too_large;
  if (state.errors_at == 0 || !its_fault || !state.host_error.empty()) return false;
  const auto size = std::min<std::uint32_t>(static_cast<std::uint32_t>(error.message.size()),
                                            state.errors_bytes_max);
  const auto memory = call.memory();
  if (!memory) return false;
  const auto place = memory->at(state.errors_at, sizeof size + std::uint64_t{size});
  if (!place) return false;
  std::memcpy(place->data(), &size, sizeof size);
  std::memcpy(place->data() + sizeof size, error.message.data(), size);
  return true;
}

wasm_trap_t* run_host(const HostFunction& function, InstanceState& state, wasmtime_caller_t* caller,
                      wasmtime_val_raw_t* values) {
  HostCall call(state, caller, reinterpret_cast<RawValue*>(values));
  const Result<void> done = function.enter(call);
  if (done) [[likely]]
    return nullptr;
  if (tell_guest(state, call, done.error())) {
    std::memset(values, 0, sizeof *values);
    return nullptr;
  }
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
