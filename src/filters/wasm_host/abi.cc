// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/abi.h"

namespace sluice::filters {
namespace {

constexpr auto kGuest =
    wasm::guest_exports(kGuestRun, kGuestAlloc, kGuestFree, kGuestInit, kGuestScript);
constexpr std::string_view kModule = "easegress";
constexpr std::string_view kScriptModule = "sluice";

}  // namespace

const wasm::Abi& easegress_abi() {
  static const wasm::ImportModule kModules[] = {
      {.name = kModule, .functions = request_functions()},
      {.name = kModule, .functions = response_functions()},
      {.name = kModule, .functions = cluster_functions()},
      {.name = kModule, .functions = misc_functions()},
      {.name = kScriptModule, .functions = script_functions()},
  };
  static const wasm::Abi kAbi{kModules, kGuest, &gateway_world()};
  return kAbi;
}

}  // namespace sluice::filters
