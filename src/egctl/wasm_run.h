// SPDX-License-Identifier: Apache-2.0
// `egctl wasm run`: one request through a program, without a server.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

// From NAME=VALUE each. Error: a misuse.
[[nodiscard]] Result<std::map<std::string, std::string>> parameters_of(
    Invocation& invocation, const std::vector<std::string>& given);

void add_wasm_run(Command wasm, Invocation& invocation);

}  // namespace sluice::egctl
