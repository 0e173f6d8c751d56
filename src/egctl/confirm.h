// SPDX-License-Identifier: Apache-2.0
// Asks a person before a command deletes or replaces something. Scripts are not asked.
#pragma once

#include <string>

#include "base/result.h"
#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

// --yes.
void add_yes_option(Command command, Invocation& invocation);
// Shows `text`, lines that say what is to happen, and asks `question` if standard input is a
// terminal and --yes is not given. Error `invalid`: the answer was not yes, and `kept` says what
// has not happened.
[[nodiscard]] Result<void> confirm(const Invocation& invocation, const std::string& text,
                                   const std::string& question,
                                   const std::string& kept = "nothing was deleted");

}  // namespace sluice::egctl
