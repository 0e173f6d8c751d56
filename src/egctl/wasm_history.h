// SPDX-License-Identifier: Apache-2.0
// `egctl wasm history`, `egctl wasm rollback`: the codes that a filter has run, and the way back to
// one of them.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_wasm_history(Command wasm, Invocation& invocation);
void add_wasm_rollback(Command wasm, Invocation& invocation);

}  // namespace sluice::egctl
