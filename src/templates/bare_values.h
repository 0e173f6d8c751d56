// SPDX-License-Identifier: Apache-2.0
// Finds values that stand between double quotes in a block scalar of YAML, where texts of JSON
// stand, without a function that escapes them. Any thread.
#pragma once

#include <vector>

#include "templates/nodes.h"

namespace sluice::templates {

// Returns their lines, in order.
[[nodiscard]] std::vector<int> bare_values(const Program& program);

}  // namespace sluice::templates
