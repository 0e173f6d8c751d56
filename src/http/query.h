// SPDX-License-Identifier: Apache-2.0
// The parameters of a query in the encoding of forms (`a=1&b=x+y`). Any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sluice::http {

// Calls `visit` with each value of a parameter in order, decoded ('+' is a space). A value that is
// missing or cannot be decoded is "". Requires: the values are used during the call only.
void for_each_parameter(std::string_view query, std::string_view name,
                        const std::function<void(std::string_view)>& visit);
// Returns the first value of a parameter, decoded ('+' is a space); "" if absent or undecodable.
[[nodiscard]] std::string query_parameter(std::string_view query, std::string_view name);

}  // namespace sluice::http
