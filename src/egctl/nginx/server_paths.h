// SPDX-License-Identifier: Apache-2.0
// The paths of a `server`, in the order of an HTTPServer's rules.
#pragma once

#include <vector>

#include "egctl/nginx/location.h"
#include "egctl/nginx/virtual_server.h"

namespace sluice::egctl::nginx {

// `around`: without `before`.
[[nodiscard]] std::vector<Location> locations_of(const VirtualServer& server, Surroundings around,
                                                 Notes& notes);

}  // namespace sluice::egctl::nginx
