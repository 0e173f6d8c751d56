// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"
#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/marshal.h"

namespace sluice::filters {
namespace {

using wasm::HostCall;

Result<void> add_tag(HostCall& call) {
  SLUICE_TRY(HostContext * context, context_of(call));
  SLUICE_TRY(const std::string_view text, take_string(call, call.u32(0)));
  return context->add_tag(text);
}

Result<void> log(HostCall& call) {
  constexpr LogLevel kLevels[] = {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error};
  SLUICE_TRY(HostContext * context, context_of(call));
  SLUICE_TRY(const std::string_view text, take_string(call, call.u32(1)));
  const std::uint32_t level = call.u32(0);
  if (level < std::size(kLevels)) context->log(kLevels[level], text);  // ABI: others are ignored
  if (level < std::size(kLevels) && kLevels[level] == LogLevel::error) {
    call.say(text);  // AssemblyScript's SDK does so before it traps
    call.say("\n");
  }
  return {};
}

Result<void> get_unix_time_in_ms(HostCall& call) {
  call.return_i64(unix_time_ms());
  return {};
}

Result<void> rand(HostCall& call) {
  SLUICE_TRY(HostContext * context, context_of(call));
  call.return_f64(context->random());
  return {};
}

constexpr wasm::HostFunction kFunctions[] = {
    {"host_add_tag", "i", "", add_tag},
    {"host_log", "ii", "", log},
    {"host_get_unix_time_in_ms", "", "I", get_unix_time_in_ms},
    {"host_rand", "", "F", rand},
};

}  // namespace

std::span<const wasm::HostFunction> misc_functions() { return kFunctions; }

}  // namespace sluice::filters
