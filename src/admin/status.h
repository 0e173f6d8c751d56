// SPDX-License-Identifier: Apache-2.0
// The status of objects, as a map "namespace/name/member" -> status.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_status(ApiRouter& router, Context& context);

}  // namespace sluice::admin
