// SPDX-License-Identifier: Apache-2.0
// The parameters of a query, as forms write them (`a=1&b=x+y`). Any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sluice::http {

// Calls `visit` with each value of a parameter in order, decoded ('+' is a space); "" if it has
// none or cannot be decoded. The values are valid during the call.
void for_each_parameter(std::string_view query, std::string_view name,
                        const std::function<void(std::string_view)>& visit);
// The first value of a query parameter, decoded ('+' is a space); "" if absent or undecodable.
[[nodiscard]] std::string query_parameter(std::string_view query, std::string_view name);

}  // namespace sluice::http
