// SPDX-License-Identifier: Apache-2.0
// SIGHUP: log files are opened anew, and the configuration file is read again.
#pragma once

#include <memory>

#include "admin/admin.h"
#include "base/log.h"
#include "observe/access_log.h"
#include "sluice-server/hand_over.h"
#include "sluice-server/options.h"

namespace sluice::server_program {

// What the options say to the admin API.
[[nodiscard]] admin::Options admin_options(const Options& options);

// Puts in force what can change while the server runs, all of it or nothing; `options` are then the
// ones in force. The log says what has changed, what waits for a restart, or what is wrong. It
// names fields, never values: some are secrets.
void reload(Options& options, const Program& program, const Logger& logger, admin::Api& api);

// Whatever writes to a file that may have been moved away. `access_log` may be null.
void reopen_logs(const Logger& logger, observe::AccessLog* access_log);

}  // namespace sluice::server_program
