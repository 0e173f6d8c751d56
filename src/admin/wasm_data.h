// SPDX-License-Identifier: Apache-2.0
// /wasm/data/{pipeline}/{filter}: the shared data of a filter. All of it streams: only one piece,
// and the uncommitted import, are in memory.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_wasm_data(ApiRouter& router, Context& context);

}  // namespace sluice::admin
