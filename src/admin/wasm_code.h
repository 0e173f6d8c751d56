// SPDX-License-Identifier: Apache-2.0
// /wasm/code: reloads and uploads the code of guests, tells which ran, and goes back to one of
// them.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_wasm_code(ApiRouter& router, Context& context);

}  // namespace sluice::admin
