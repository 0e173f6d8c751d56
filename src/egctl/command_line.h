// SPDX-License-Identifier: Apache-2.0
// The tree of commands, and its execution.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

// Requires: `invocation` outlives the tree.
[[nodiscard]] std::unique_ptr<CLI::App> make_command_line(Invocation& invocation);
// Returns the exit code: 0, or 1 after an error was printed.
[[nodiscard]] int run(const std::vector<std::string>& arguments, std::ostream& out,
                      std::ostream& err, bool colour);

}  // namespace sluice::egctl
