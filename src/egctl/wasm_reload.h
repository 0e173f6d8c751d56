// SPDX-License-Identifier: Apache-2.0
// `egctl wasm reload-code`.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_wasm_reload(Command wasm, Invocation& invocation);
// Reloads all guest code and reports the outcome of each filter.
[[nodiscard]] Result<void> reload_code(Invocation& invocation);

}  // namespace sluice::egctl
