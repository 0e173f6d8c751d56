// SPDX-License-Identifier: Apache-2.0
// The kinds of objects and filters, and the schemas of their specs.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_metadata(ApiRouter& router, Context& context);

}  // namespace sluice::admin
