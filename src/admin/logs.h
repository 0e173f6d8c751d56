// SPDX-License-Identifier: Apache-2.0
// The process log: read it, follow it, change its level.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_logs(ApiRouter& router, Context& context);

}  // namespace sluice::admin
