// SPDX-License-Identifier: Apache-2.0
// SIGHUP: reopens the log files, and reads the configuration file again.
#pragma once

#include <memory>

#include "admin/api.h"
#include "base/log.h"
#include "observe/access_log.h"
#include "sluice-server/options.h"
#include "sluice-server/program.h"

namespace sluice::server_program {

// The options of the admin API, derived from `options`.
[[nodiscard]] admin::Options admin_options(const Options& options);

// Puts the changed live options in force, all of them or none, and updates `options`. The log names
// the changes, the options that need a restart, or the faults. It names fields but never values,
// because some are secrets.
void reload(Options& options, const Program& program, const Logger& logger, admin::Api& api);

// Reopens the log files, which may have been moved away. `access_log` may be null.
void reopen_logs(const Logger& logger, observe::AccessLog* access_log);

}  // namespace sluice::server_program
