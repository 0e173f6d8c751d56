// SPDX-License-Identifier: Apache-2.0
// The desired objects: read, create, change, delete.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_objects(ApiRouter& router, Context& context);

}  // namespace sluice::admin
