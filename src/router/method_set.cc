// SPDX-License-Identifier: Apache-2.0
#include "router/method_set.h"

#include <array>

namespace sluice::router {
namespace {

constexpr std::array<std::string_view, 9> kMethods{"GET",    "HEAD",    "POST",    "PUT",  "PATCH",
                                                   "DELETE", "CONNECT", "OPTIONS", "TRACE"};

}  // namespace

std::uint32_t MethodSet::bit_of(std::string_view method) {
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    if (kMethods[i] == method) return 1U << i;
  }
  return 0;
}

std::string MethodSet::to_string() const {
  std::string out;
  for (const std::string_view method : kMethods) {
    if (!contains(method)) continue;
    if (!out.empty()) out += ", ";
    out += method;
  }
  return out;
}

}  // namespace sluice::router
