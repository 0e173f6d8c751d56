// SPDX-License-Identifier: Apache-2.0
// The members of the cluster, and which of them owns which shared data. A server with an embedded
// store is its only member.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_members(ApiRouter& router, Context& context);

}  // namespace sluice::admin
