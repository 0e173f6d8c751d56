// SPDX-License-Identifier: Apache-2.0
// The page of the live picture: / and the files below /picture.
#pragma once

#include "admin/router.h"

namespace sluice::admin {

void add_picture(ApiRouter& router);

}  // namespace sluice::admin
