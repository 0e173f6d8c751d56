// SPDX-License-Identifier: Apache-2.0
#include "etcd/call_failure.h"

#include <array>

namespace sluice::etcd {

std::string_view name_of(Status status) {
  static constexpr std::array<std::string_view, 17> kNames{
      "ok",
      "cancelled",
      "unknown",
      "invalid argument",
      "deadline exceeded",
      "not found",
      "already exists",
      "permission denied",
      "resource exhausted",
      "failed precondition",
      "aborted",
      "out of range",
      "unimplemented",
      "internal",
      "unavailable",
      "data loss",
      "unauthenticated",
  };
  return kNames.at(static_cast<std::size_t>(status));
}

}  // namespace sluice::etcd
