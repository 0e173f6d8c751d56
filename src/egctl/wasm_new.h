// SPDX-License-Identifier: Apache-2.0
// `egctl wasm new`: a project for a guest, which builds and has a test.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_wasm_new(Command wasm, Invocation& invocation);

}  // namespace sluice::egctl
