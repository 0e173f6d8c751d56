// SPDX-License-Identifier: Apache-2.0
// The versions of the objects: who changed what and when, one of them, and the way back.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_versions(ApiRouter& router, Context& context);

}  // namespace sluice::admin
