// SPDX-License-Identifier: Apache-2.0
// Shared data.
#include <utility>

#include "filters/proxy_wasm/abi.h"
#include "filters/proxy_wasm/plugin.h"
#include "filters/proxy_wasm/values.h"
#include "wasm/host_function.h"

namespace sluice::filters::proxy_wasm {
namespace {

using wasm::host_function;
using wasm::HostCall;

Result<Answer> get_shared_data(Plugin& plugin, HostCall& call, GuestBytes key, OutBytes out,
                               Out<std::uint32_t> number) {
  if (!all_inside(key, out, number)) return Answer(Status::invalid_memory);
  auto found = plugin.setup->shared_data->get(key.text);
  if (!found) return Answer(Status::not_found);
  SLUICE_CHECK(out.put(call, std::move(found->bytes)));
  SLUICE_CHECK(number.put(call, found->number));
  return Answer(Status::ok);
}

Answer set_shared_data(Plugin& plugin, GuestBytes key, GuestBytes value, std::uint32_t expected) {
  if (!all_inside(key, value)) return Status::invalid_memory;
  return plugin.setup->shared_data->set(key.text, value.text, expected);
}

constexpr wasm::HostFunction kSharedFunctions[] = {
    host_function<get_shared_data>("proxy_get_shared_data"),
    host_function<set_shared_data>("proxy_set_shared_data"),
};

}  // namespace

std::span<const wasm::HostFunction> shared_functions() { return kSharedFunctions; }

}  // namespace sluice::filters::proxy_wasm
