// SPDX-License-Identifier: Apache-2.0
// A limit of the whole process that the cores divide among themselves.
#pragma once

#include <cstddef>

namespace sluice::filters {

// The share of each core, rounded up.
[[nodiscard]] constexpr std::size_t core_share(std::size_t total, unsigned core_count) {
  return (total + core_count - 1) / core_count;
}

}  // namespace sluice::filters
