// SPDX-License-Identifier: Apache-2.0
// /profile: where this process spends CPU time, and what its allocator says of memory. Needs
// --profiling. The server keeps a profile in memory, and its caller writes the file. A process that
// ends leaves its profiles to the next one (kept_profiles.h).
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_profile(ApiRouter& router, Context& context);

}  // namespace sluice::admin
