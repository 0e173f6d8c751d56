// SPDX-License-Identifier: Apache-2.0
// The environment variables of egctl.
#pragma once

#include <cstdlib>
#include <string>

namespace sluice::egctl {

// Returns the value of a variable; "" if it is not set.
[[nodiscard]] inline std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace sluice::egctl
