// SPDX-License-Identifier: Apache-2.0
// `egctl wasm watch`: a WasmHost filter in the live picture, one line a second.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_wasm_watch(Command wasm, Invocation& invocation);

}  // namespace sluice::egctl
