// SPDX-License-Identifier: Apache-2.0
// The members of the cluster: only this process.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_members(ApiRouter& router, Context& context);

}  // namespace sluice::admin
