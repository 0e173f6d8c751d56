// SPDX-License-Identifier: Apache-2.0
// What the command line allows beyond CLI11: abbreviated commands, `egctl help COMMAND`, and help
// where a command is missing.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "egctl/session.h"

namespace sluice::egctl {

// The subcommand called `word`, by name, alias or a beginning that only one has; null if there is
// none. Error `invalid` if several begin like that.
[[nodiscard]] Result<CLI::App*> find_command(const CLI::App& parent, const std::string& word);

// The arguments with the names of commands written out. Error `invalid` for an unknown command.
[[nodiscard]] Result<std::vector<std::string>> expand(CLI::App& root,
                                                      const std::vector<std::string>& arguments);

}  // namespace sluice::egctl
