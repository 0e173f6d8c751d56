// SPDX-License-Identifier: Apache-2.0
// `egctl wasm run`: one request through a program, without a server.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_wasm_run(Command wasm, Invocation& invocation);

}  // namespace sluice::egctl
