// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"
#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/marshal.h"
#include "wasm/host_function.h"

namespace sluice::filters {
namespace {

using wasm::host_function;

Result<void> add_tag(HostContext& context, GuestString text) { return context.add_tag(text); }

void log(HostContext& context, wasm::HostCall& call, std::uint32_t level, GuestString text) {
  constexpr LogLevel kLevels[] = {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error};
  if (level >= std::size(kLevels)) return;  // ABI: other levels are ignored
  context.log(kLevels[level], text);
  if (kLevels[level] != LogLevel::error) return;
  call.say(text);  // AssemblyScript's SDK logs its reason before it traps
  call.say("\n");
}

std::int64_t get_unix_time_in_ms() { return unix_time_ms(); }

double rand(HostContext& context) { return context.random(); }

constexpr wasm::HostFunction kMiscFunctions[] = {
    host_function<add_tag>("host_add_tag"),
    host_function<log>("host_log"),
    host_function<get_unix_time_in_ms>("host_get_unix_time_in_ms"),
    host_function<rand>("host_rand"),
};

}  // namespace

std::span<const wasm::HostFunction> misc_functions() { return kMiscFunctions; }

}  // namespace sluice::filters
