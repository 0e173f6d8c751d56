// SPDX-License-Identifier: Apache-2.0
#include "egctl/confirm.h"

#include <unistd.h>

#include <iostream>

namespace sluice::egctl {

void add_yes_option(Command command, Invocation& invocation) {
  command.flag("--yes", invocation.yes, "do not ask");
}

Result<void> confirm(const Invocation& invocation, const std::string& text,
                     const std::string& question, const std::string& kept) {
  if (invocation.yes || ::isatty(STDIN_FILENO) == 0) return {};
  invocation.err << text << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return fail(ErrorKind::invalid, kept);
}

}  // namespace sluice::egctl
