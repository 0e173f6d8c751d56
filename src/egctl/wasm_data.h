// SPDX-License-Identifier: Apache-2.0
// `egctl wasm list-data` and the other commands for the shared data of a filter.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_wasm_data(Command wasm, Invocation& invocation);

}  // namespace sluice::egctl
