// SPDX-License-Identifier: Apache-2.0
// /backup: the whole state of the gateway as one file (backup/format.h), and its restoration. Both
// stream. A backup holds secrets, so it takes an admin.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_backup(ApiRouter& router, Context& context);

}  // namespace sluice::admin
