// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/abi.h"

#include <algorithm>
#include <string>

#include "filters/proxy_wasm/exports.h"

namespace sluice::filters::proxy_wasm {
namespace {

constexpr auto kGuestTable = wasm::guest_exports(
    kGuestAllocate, kGuestMalloc, kGuestMain, kOnContextCreate, kOnVmStart, kOnConfigure, kOnTick,
    kOnDone, kOnLog, kOnDelete, kOnRequestHeaders, kOnRequestBody, kOnRequestTrailers,
    kOnResponseHeaders, kOnResponseBody, kOnResponseTrailers, kOnCallResponse, kOnRequestHeadersOld,
    kOnResponseHeadersOld);

constexpr std::string_view kEnv = "env";
constexpr std::string_view kMarker = "proxy_abi_version_";
constexpr std::string_view kOldVersion = "0_1_0";
constexpr std::string_view kVersions[] = {"0_2_1", "0_2_0", kOldVersion};

// "" if the module announces none.
std::string version_of(const wasm::Module& module) {
  for (const wasm::Export& each : module.exports()) {
    if (each.name.starts_with(kMarker)) return each.name.substr(kMarker.size());
  }
  return "";
}

Result<void> check_type(const wasm::Module& module, const wasm::GuestExport& wanted) {
  const wasm::Export* found = module.find_export(wanted.name);
  if (found == nullptr) return {};
  const wasm::Signature signature{std::string(wanted.params), std::string(wanted.result)};
  if (found->signature == signature) return {};
  return fail(ErrorKind::invalid, "its function " + found->name + " is " +
                                      to_string(found->signature) + ", must be " +
                                      to_string(signature));
}

// Early SDKs hand on end_of_stream, and announce the version that has none.
Result<void> check_headers(const wasm::Module& module, bool old, const wasm::GuestExport& without,
                           const wasm::GuestExport& with) {
  if (old && check_type(module, with)) return {};
  return check_type(module, old ? without : with);
}

}  // namespace

const wasm::Abi& abi() {
  static const wasm::ImportModule kModules[] = {
      {.name = kEnv, .functions = context_functions()},
      {.name = kEnv, .functions = header_functions()},
      {.name = kEnv, .functions = buffer_functions()},
      {.name = kEnv, .functions = stream_functions()},
      {.name = kEnv, .functions = property_functions()},
      {.name = kEnv, .functions = shared_functions()},
      {.name = kEnv, .functions = metric_functions()},
      {.name = kEnv, .functions = call_functions()},
      {.name = kEnv, .functions = absent_functions()},
  };
  static const wasm::Abi kAbi{kModules, kGuestTable};
  return kAbi;
}

bool announces_abi(const wasm::Module& module) { return !version_of(module).empty(); }

Result<void> check_module(const wasm::Module& module) {
  const std::string version = version_of(module);
  if (version.empty()) {
    return fail(ErrorKind::invalid,
                "the module is none of proxy-wasm: it does not export proxy_abi_version_0_2_1");
  }
  if (std::ranges::find(kVersions, version) == std::end(kVersions))
    return fail(ErrorKind::invalid,
                "proxy-wasm " + version + " is not known here: build for 0.2.1");
  if (module.find_export(kGuestAllocate.name) == nullptr &&
      module.find_export(kGuestMalloc.name) == nullptr) {
    return fail(ErrorKind::invalid,
                "the module exports neither proxy_on_memory_allocate nor malloc");
  }
  const bool old = version == kOldVersion;
  SLUICE_CHECK(check_headers(module, old, kOnRequestHeadersOld, kOnRequestHeaders));
  return check_headers(module, old, kOnResponseHeadersOld, kOnResponseHeaders);
}

}  // namespace sluice::filters::proxy_wasm
