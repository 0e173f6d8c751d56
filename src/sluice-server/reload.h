// SPDX-License-Identifier: Apache-2.0
// SIGHUP: reopens the log files, and reads the configuration file again.
#pragma once

#include <memory>
#include <string>

#include "admin/api.h"
#include "base/log.h"
#include "observe/access_log.h"
#include "sluice-server/member_tls.h"
#include "sluice-server/options.h"
#include "sluice-server/program.h"

namespace sluice::server_program {

// The options of the admin API, derived from `options`.
[[nodiscard]] admin::Options admin_options(const Options& options);

// What a reload replaces.
struct InForce {
  Options options;
  MemberTls tls;
};

// Puts the changed live options and the contents of all certificate files in force, all of them or
// none, and updates `in_force`. The log names the changes, the options that need a restart, or the
// faults. It names fields but never values, because some are secrets. Returns what has changed, in
// one line, or the first fault.
Result<std::string> reload(InForce& in_force, const Program& program, const Logger& logger,
                           admin::Api& api, control::Controller& controller);

// Tells the controller which certificates the process itself has in force.
void note_certificates(const MemberTls& tls, const admin::Api& api,
                       control::Controller& controller);

// Reopens the log files, which may have been moved away. `access_log` may be null.
void reopen_logs(const Logger& logger, observe::AccessLog* access_log);

}  // namespace sluice::server_program
