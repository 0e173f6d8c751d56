// SPDX-License-Identifier: Apache-2.0
#include "egctl/exit_code.h"

namespace sluice::egctl {

ExitCode exit_code_of(const Error& error, const Invocation& invocation) {
  if (invocation.misused) return ExitCode::wrong_use;
  switch (error.kind) {
    case ErrorKind::closed:
      return ExitCode::done;  // `egctl ... | head`: the reader has seen enough
    case ErrorKind::forbidden:
      return ExitCode::not_reached;
    case ErrorKind::unavailable:
      return invocation.contact->unreached ? ExitCode::not_reached : ExitCode::refused;
    case ErrorKind::not_found:
      return ExitCode::not_there;
    case ErrorKind::conflict:
      return ExitCode::conflict;
    case ErrorKind::timed_out:  // of await_members(), await_deletion(), and a reload by force
      return ExitCode::not_everywhere;
    default:
      return ExitCode::refused;
  }
}

}  // namespace sluice::egctl
