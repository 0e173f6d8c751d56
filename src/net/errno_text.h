// SPDX-License-Identifier: Apache-2.0
// Inside net/ only: the words for an errno. Any thread.
#pragma once

#include <string>
#include <system_error>

namespace sluice::net {

[[nodiscard]] inline std::string errno_text(int error) {
  return std::generic_category().message(error);
}

}  // namespace sluice::net
