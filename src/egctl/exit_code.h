// SPDX-License-Identifier: Apache-2.0
// The exit codes of egctl. docs/egctl.md has the table.
#pragma once

#include "egctl/invocation.h"

namespace sluice::egctl {

enum class ExitCode {
  done = 0,
  refused = 1,         // or failed; nothing was changed. Of `diff`: an apply would change something
  wrong_use = 2,       // an unknown command or option, or a value that it does not take
  not_reached = 3,     // no server answers, or it refuses the credentials
  not_there = 4,       // what the command names
  conflict = 5,        // it exists already, or another change came first
  not_everywhere = 6,  // applied or reloaded, but a member does not run it
};

// The code of an action that ended with `error`.
[[nodiscard]] ExitCode exit_code_of(const Error& error, const Invocation& invocation);

}  // namespace sluice::egctl
