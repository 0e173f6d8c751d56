// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/abi.h"

#include <vector>

namespace sluice::filters {
namespace {

constexpr wasm::GuestFunction kGuest[] = {
    {"wasm_run", "", "i", true},
    {"wasm_alloc", "i", "i", true},
    {"wasm_free", "i", "", true},
    {"wasm_init", "i", "", false},
};

std::vector<wasm::HostFunction> join() {
  std::vector<wasm::HostFunction> all;
  for (const auto part :
       {request_functions(), response_functions(), cluster_functions(), misc_functions()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

const wasm::Abi& easegress_abi() {
  static const std::vector<wasm::HostFunction> host = join();
  static const wasm::Abi abi{"easegress", host, kGuest};
  return abi;
}

}  // namespace sluice::filters
