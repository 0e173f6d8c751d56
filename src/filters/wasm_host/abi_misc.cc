// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>

#include "base/time.h"
#include "base/zoned_time.h"
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

Result<std::int64_t> parse_date(HostContext& context, GuestText text, GuestText zone) {
  SLUICE_TRY(const ZonedTime time, parse_zoned_time(text, zone));
  if (!time.has_zone)
    context.log(LogLevel::warn, std::string(text) + " names no time zone: it is taken as UTC");
  return time.unix_ms;
}

Result<OwnedGuestString> parameter(HostContext& context, GuestText name, GuestText type) {
  SLUICE_TRY(std::string value, context.declare_parameter(name, type, std::nullopt));
  return OwnedGuestString{std::move(value)};
}

Result<OwnedGuestString> parameter_or(HostContext& context, GuestText name, GuestText type,
                                      GuestText otherwise) {
  SLUICE_TRY(std::string value, context.declare_parameter(name, type, otherwise));
  return OwnedGuestString{std::move(value)};
}

constexpr wasm::HostFunction kMiscFunctions[] = {
    host_function<add_tag>("host_add_tag"),
    host_function<log>("host_log"),
    host_function<get_unix_time_in_ms>("host_get_unix_time_in_ms"),
    host_function<rand>("host_rand"),
    host_function<parse_date>("host_parse_date"),
    host_function<parameter>("host_parameter"),
    host_function<parameter_or>("host_parameter_or"),
};

}  // namespace

std::span<const wasm::HostFunction> misc_functions() { return kMiscFunctions; }

}  // namespace sluice::filters
