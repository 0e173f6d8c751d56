// SPDX-License-Identifier: Apache-2.0
// The functions that templates may call. Any thread.
#pragma once

#include <string_view>
#include <vector>

#include "templates/function.h"

namespace sluice::templates {

// Null if there is none of that name.
[[nodiscard]] const Function* find_function(std::string_view name);
[[nodiscard]] std::vector<std::string_view> function_names();

}  // namespace sluice::templates
