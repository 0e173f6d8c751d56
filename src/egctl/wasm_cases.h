// SPDX-License-Identifier: Apache-2.0
// `egctl wasm test`: the cases of a file through a program, without a server.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_wasm_test(Command wasm, Invocation& invocation);

}  // namespace sluice::egctl
