// SPDX-License-Identifier: Apache-2.0
// The module "sluice": for engines that run scripts (engines/host.h), which fail by a message
// instead of a trap.
#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/marshal.h"
#include "wasm/host_function.h"

namespace sluice::filters {
namespace {

using wasm::host_function;

void errors_to(wasm::HostCall& call, std::uint32_t address, std::uint32_t bytes_max) {
  call.send_errors_to(address, bytes_max);
}

std::int32_t time_is_over(HostContext& context) { return context.time_is_over() ? 1 : 0; }

void failed(HostContext& context, std::uint32_t time_is_over, GuestText text) {
  context.fail_script(time_is_over != 0, text);
}

constexpr wasm::HostFunction kScriptFunctions[] = {
    host_function<errors_to>("errors_to"),
    host_function<time_is_over>("time_is_over"),
    host_function<failed>("failed"),
};

}  // namespace

std::span<const wasm::HostFunction> script_functions() { return kScriptFunctions; }

}  // namespace sluice::filters
