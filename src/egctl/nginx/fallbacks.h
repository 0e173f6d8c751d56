// SPDX-License-Identifier: Apache-2.0
// Files that stand for others: try_files and index. nginx looks for a location again, for the other
// path. A FileServer would send such a file itself, though another location protects or runs it.
#pragma once

#include "egctl/nginx/location.h"

namespace sluice::egctl::nginx {

// Closes what has no counterpart. Requires: order_locations().
void settle_fallbacks(Locations& locations, Notes& notes);

}  // namespace sluice::egctl::nginx
