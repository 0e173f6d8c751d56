// SPDX-License-Identifier: Apache-2.0
// Contexts, the log, clocks and ticks.
#include <algorithm>
#include <utility>

#include "base/time.h"
#include "filters/proxy_wasm/abi.h"
#include "filters/proxy_wasm/plugin.h"
#include "filters/proxy_wasm/values.h"
#include "wasm/host_function.h"

namespace sluice::filters::proxy_wasm {
namespace {

using wasm::host_function;
using wasm::HostCall;

constexpr std::uint32_t kGuestLevels = 6;  // trace, debug, info, warn, error, critical
constexpr std::uint32_t kGuestLevelError = 4;

LogLevel level_of(std::uint32_t level) {
  constexpr LogLevel kLevels[kGuestLevels] = {LogLevel::debug, LogLevel::debug, LogLevel::info,
                                              LogLevel::warn,  LogLevel::error, LogLevel::error};
  return kLevels[level];
}

Answer log_line(Plugin& plugin, HostCall& call, std::uint32_t level, GuestBytes text) {
  if (!text.inside) return Status::invalid_memory;
  if (level >= kGuestLevels) return Status::bad_argument;
  plugin.log(level_of(level), text.text);
  if (level < kGuestLevelError) return Status::ok;
  call.say(text.text);  // the Rust SDK logs a panic before it traps
  call.say("\n");
  return Status::ok;
}

Result<Answer> get_log_level(Plugin& plugin, HostCall& call, Out<std::uint32_t> out) {
  if (!out.inside) return Answer(Status::invalid_memory);
  // The numbers of the ABI, of which 0 is more than debug.
  const auto level = static_cast<std::uint32_t>(plugin.setup->logger.level()) + 1;
  SLUICE_CHECK(out.put(call, level));
  return Answer(Status::ok);
}

Result<Answer> get_time(HostCall& call, Out<std::uint64_t> out) {
  if (!out.inside) return Answer(Status::invalid_memory);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  SLUICE_CHECK(out.put(call, static_cast<std::uint64_t>(nanoseconds)));
  return Answer(Status::ok);
}

Answer set_tick_period(Plugin& plugin, std::uint32_t milliseconds) {
  const Duration wanted = std::chrono::milliseconds(milliseconds);
  plugin.tick = milliseconds == 0 ? Duration() : std::max(wanted, kTickMin);
  return Status::ok;
}

Answer set_effective_context(Plugin& plugin, std::uint32_t context) {
  if (context != kRootContext && plugin.find(context) == nullptr) return Status::bad_argument;
  plugin.active = context;
  return Status::ok;
}

Answer end_context(Plugin& plugin) {
  const auto found = plugin.streams.find(plugin.active);
  if (found == plugin.streams.end() || !found->second->closed) return Status::not_found;
  // A context ends once, however often the guest says so.
  if (!std::exchange(found->second->done_called, true)) plugin.done.push_back(found->second);
  return Status::ok;
}

constexpr wasm::HostFunction kContextFunctions[] = {
    host_function<log_line>("proxy_log"),
    host_function<get_log_level>("proxy_get_log_level"),
    host_function<get_time>("proxy_get_current_time_nanoseconds"),
    host_function<set_tick_period>("proxy_set_tick_period_milliseconds"),
    host_function<set_effective_context>("proxy_set_effective_context"),
    host_function<end_context>("proxy_done"),
};

}  // namespace

std::span<const wasm::HostFunction> context_functions() { return kContextFunctions; }

}  // namespace sluice::filters::proxy_wasm
