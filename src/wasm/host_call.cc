// SPDX-License-Identifier: Apache-2.0
#include "wasm/host_call.h"

#include "wasm/instance_state.h"

namespace sluice::wasm {

std::unexpected<Error> GuestMemory::outside(std::uint32_t address, std::uint64_t size) const {
  return fail(ErrorKind::invalid,
              std::to_string(size) + " bytes at address " + std::to_string(address) +
                  " lie outside the guest's memory of " + std::to_string(size_) + " bytes");
}

namespace {

wasm_trap_t* trap_with(InstanceState& state, std::string message) {
  if (state.host_error.empty()) state.host_error = message;
  return wasmtime_trap_new(message.data(), message.size());
}

wasm_trap_t* run_host(const HostFunction& function, InstanceState& state, wasmtime_caller_t* caller,
                      wasmtime_val_raw_t* values) {
  HostCall call(function, state, caller, reinterpret_cast<unsigned char*>(values));
  Result<void> done = function.callback(call);
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

void* HostCall::context_pointer() const { return instance_.user; }

Result<GuestMemory> HostCall::memory() {
  if (!instance_.has_memory) {
    // A start function runs before the exports are known.
    wasmtime_extern_t item;
    constexpr std::string_view kName = "memory";
    auto* caller = static_cast<wasmtime_caller_t*>(caller_);
    if (!wasmtime_caller_export_get(caller, kName.data(), kName.size(), &item)) {
      return fail(ErrorKind::invalid, "the guest exports no memory");
    }
    if (item.kind != WASMTIME_EXTERN_MEMORY) {
      wasmtime_extern_delete(&item);
      return fail(ErrorKind::invalid, "the guest's export \"memory\" is none");
    }
    instance_.memory = item.of.memory;
    instance_.has_memory = true;
  }
  char* base = reinterpret_cast<char*>(wasmtime_memory_data(instance_.context, &instance_.memory));
  return GuestMemory(base, wasmtime_memory_data_size(instance_.context, &instance_.memory));
}

Result<std::uint32_t> HostCall::call(std::size_t index, std::uint32_t argument) {
  if (!instance_.has_function[index]) {
    return fail(ErrorKind::invalid, "called before the guest was started");
  }
  wasmtime_val_raw_t value{};
  value.i32 = static_cast<std::int32_t>(argument);
  wasm_trap_t* raw_trap = nullptr;
  instance_.inside_nested_call = true;
  const ErrorPtr error(wasmtime_func_call_unchecked(instance_.context, &instance_.functions[index],
                                                    &value, 1, &raw_trap));
  instance_.inside_nested_call = false;
  const TrapPtr trap(raw_trap);
  if (error || trap) {
    const std::string_view name = instance_.module->abi().guest[index].name;
    return fail(ErrorKind::invalid,
                std::string(name) + " failed: " + (error ? message_of(*error) : message_of(*trap)));
  }
  return static_cast<std::uint32_t>(value.i32);
}

void HostCall::print(std::string_view bytes) {
  say(bytes);
  if (instance_.output) instance_.output->write(bytes);
}

void HostCall::say(std::string_view text) { instance_.words.add(text); }

bool HostCall::sleep_until(TimePoint when) {
  if (instance_.inside_nested_call) return false;
  instance_.wake_at = when;
  wasmtime_context_set_epoch_deadline(instance_.context, 0);
  return true;
}

}  // namespace sluice::wasm
