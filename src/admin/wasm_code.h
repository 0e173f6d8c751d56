// SPDX-License-Identifier: Apache-2.0
// POST /wasm/code: reloads all guest code.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_wasm_code(ApiRouter& router, Context& context);

}  // namespace sluice::admin
