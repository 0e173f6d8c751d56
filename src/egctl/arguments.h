// SPDX-License-Identifier: Apache-2.0
// Additions to CLI11: abbreviated commands, `egctl help COMMAND`, and help in place of a missing
// command.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

// The commands below `parent`, in the order of its help.
[[nodiscard]] std::vector<CLI::App*> commands_of(const CLI::App& parent);

// The subcommand `word`, by name, alias or unambiguous prefix; null if there is none. Error
// `invalid` if the prefix is ambiguous.
[[nodiscard]] Result<CLI::App*> find_command(const CLI::App& parent, const std::string& word);

// The arguments with the full names of commands. Error `invalid` for an unknown command.
[[nodiscard]] Result<std::vector<std::string>> expand(CLI::App& root,
                                                      const std::vector<std::string>& arguments);

}  // namespace sluice::egctl
