// SPDX-License-Identifier: Apache-2.0
// Custom data: its kinds and its items.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_custom_data(ApiRouter& router, Context& context);

}  // namespace sluice::admin
