// SPDX-License-Identifier: Apache-2.0
// The order in which the first path that fits is the one that nginx would take.
#pragma once

#include <string_view>
#include <vector>

#include "egctl/nginx/location.h"

namespace sluice::egctl::nginx {

// Closes the locations for which there is no such order.
void order_locations(std::vector<Location>& locations, Notes& notes);

// The first in order that takes the path; null: none. Requires: order_locations().
[[nodiscard]] const Location* taker_of(const std::vector<Location>& locations,
                                       std::string_view path);

}  // namespace sluice::egctl::nginx
