// SPDX-License-Identifier: Apache-2.0
// Completion scripts, from the tree of commands.
#pragma once

#include <string>

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_completion(Command root, Invocation& invocation);
[[nodiscard]] std::string bash_completion(const CLI::App& root);
// The bash completion, run through zsh's bashcompinit.
[[nodiscard]] std::string zsh_completion(const CLI::App& root);

}  // namespace sluice::egctl
