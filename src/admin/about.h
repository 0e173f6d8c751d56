// SPDX-License-Identifier: Apache-2.0
// The version of the process, its health, and the list of routes.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_about(ApiRouter& router, Context& context);

}  // namespace sluice::admin
