// SPDX-License-Identifier: Apache-2.0
// The differences of two texts in the unified format of diff(1).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::egctl {

// Differences beyond it are shown as one block: the search takes the square of their number.
inline constexpr std::size_t kEditsMax = 2000;

// Returns "" if the texts are equal. Else two lines with the names, and the hunks, each with 3
// lines around it.
[[nodiscard]] std::string unified_diff(std::string_view before, std::string_view after,
                                       const std::string& name_before,
                                       const std::string& name_after);

}  // namespace sluice::egctl
