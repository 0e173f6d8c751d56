// SPDX-License-Identifier: Apache-2.0
// Inside net/ only: the failures that every stream has.
#pragma once

#include <expected>

#include "base/result.h"

namespace sluice::net {

// After close().
[[nodiscard]] inline std::unexpected<Error> connection_closed() {
  return fail(ErrorKind::closed, "connection closed");
}
[[nodiscard]] inline std::unexpected<Error> deadline_passed() {
  return fail(ErrorKind::timed_out, "took too long");
}

}  // namespace sluice::net
