// SPDX-License-Identifier: Apache-2.0
// The live picture: GET /live streams the figures, GET /live/history has those of 15 minutes.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_live(ApiRouter& router, Context& context);

}  // namespace sluice::admin
