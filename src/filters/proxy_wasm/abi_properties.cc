// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "filters/proxy_wasm/abi.h"
#include "filters/proxy_wasm/plugin.h"
#include "filters/proxy_wasm/properties.h"
#include "filters/proxy_wasm/values.h"
#include "wasm/host_function.h"

namespace sluice::filters::proxy_wasm {
namespace {

using wasm::host_function;
using wasm::HostCall;

Result<Answer> get_property(Plugin& plugin, HostCall& call, GuestBytes path, OutBytes out) {
  if (!all_inside(path, out)) return Answer(Status::invalid_memory);
  auto value = find_property(plugin, path.text);
  if (!value) return Answer(Status::not_found);
  SLUICE_CHECK(out.put(call, *std::move(value)));
  return Answer(Status::ok);
}

Answer put_property(Plugin& plugin, GuestBytes path, GuestBytes value) {
  if (!all_inside(path, value)) return Status::invalid_memory;
  return set_property(plugin, path.text, value.text) ? Status::ok : Status::not_found;
}

constexpr wasm::HostFunction kPropertyFunctions[] = {
    host_function<get_property>("proxy_get_property"),
    host_function<put_property>("proxy_set_property"),
};

}  // namespace

std::span<const wasm::HostFunction> property_functions() { return kPropertyFunctions; }

}  // namespace sluice::filters::proxy_wasm
