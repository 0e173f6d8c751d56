// SPDX-License-Identifier: Apache-2.0
// `egctl wasm inspect`: a program, its imports and exports, and whether a filter would take it.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_wasm_inspect(Command wasm, Invocation& invocation);

}  // namespace sluice::egctl
