// SPDX-License-Identifier: Apache-2.0
// `egctl wasm abi`: the functions that programs may import, and those that they export.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_wasm_abi(Command wasm, Invocation& invocation);

}  // namespace sluice::egctl
