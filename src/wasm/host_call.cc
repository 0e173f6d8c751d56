// SPDX-License-Identifier: Apache-2.0
#include "wasm/host_call.h"

#include <utility>

#include "wasm/failure.h"
#include "wasm/instance_state.h"

namespace sluice::wasm {

void* HostCall::context_pointer() const { return instance_.user; }

GuestTexts* HostCall::texts() {
  return instance_.component ? &instance_.component->texts : nullptr;
}

Result<GuestMemory> HostCall::memory() {
  if (instance_.component)
    return fail(ErrorKind::internal, "the host does not see the memory of a component");
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

Result<void> HostCall::call_raw(std::size_t function, std::span<RawValue> values) {
  if (!instance_.has(function)) [[unlikely]] {
    const GuestExport& wanted = instance_.module->abi().guest[function];
    const bool absent = instance_.module->module().find_export(wanted.name) == nullptr;
    return fail(ErrorKind::invalid, absent ? "the guest has no function " + std::string(wanted.name)
                                           : "called before the guest was started");
  }
  if (instance_.inside_nested_call) [[unlikely]]
    return fail(ErrorKind::invalid, "the host calls the guest already");
  wasm_trap_t* raw_trap = nullptr;
  instance_.inside_nested_call = true;
  const ErrorPtr error(wasmtime_func_call_unchecked(
      instance_.context, &instance_.functions[function],
      reinterpret_cast<wasmtime_val_raw_t*>(values.data()), values.size(), &raw_trap));
  instance_.inside_nested_call = false;
  const TrapPtr trap(raw_trap);
  if (error || trap) {
    instance_.errors_at = 0;  // it is in no state to go on
    const std::string_view name = instance_.module->abi().guest[function].name;
    return fail(ErrorKind::invalid,
                std::string(name) + " failed: " + (error ? message_of(*error) : message_of(*trap)));
  }
  return {};
}

void HostCall::print(std::string_view bytes) {
  say(bytes);
  if (instance_.output) instance_.output->write(bytes);
}

void HostCall::say(std::string_view text) { instance_.words.add(text); }

std::unexpected<Error> HostCall::exit(std::uint32_t status) {
  std::string text = exit_text(status);
  if (instance_.host_error.empty()) instance_.host_error = text;
  return fail(ErrorKind::invalid, std::move(text));
}

WasiDescriptors& HostCall::descriptors() { return instance_.descriptors; }

void HostCall::send_errors_to(std::uint32_t address, std::uint32_t bytes_max) {
  instance_.errors_at = address;
  instance_.errors_bytes_max = bytes_max;
}

bool HostCall::sleep_until(TimePoint when) {
  if (instance_.inside_nested_call) return false;
  instance_.wake_at = when;
  wasmtime_context_set_epoch_deadline(instance_.context, 0);
  return true;
}

}  // namespace sluice::wasm
