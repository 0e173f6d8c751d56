// SPDX-License-Identifier: Apache-2.0
// SIGUSR2 in the process that is there: giving its work to a new one, and the time it stays after
// that. What the two say to each other stands in hand_over.h.
#pragma once

#include <memory>

#include "admin/admin.h"
#include "base/log.h"
#include "base/result.h"
#include "control/controller.h"
#include "observe/access_log.h"
#include "server/workers.h"
#include "sluice-server/hand_over.h"
#include "sluice-server/options.h"
#include "sluice-server/process.h"
#include "store/store.h"

namespace sluice::server_program {

// What a hot restart takes from the running process.
struct Running {
  const Program& program;
  const Options& options;  // in force
  const Signals& signals;
  const Logger& logger;
  store::Store& store;
  server::Workers& workers;
  control::Controller& controller;
  std::unique_ptr<admin::Api>& api;
  observe::AccessLog* access_log;  // may be null
};

// False if this process goes on, because the new one is no good or the end was asked for meanwhile;
// the log says so. True when a new process serves. Error: neither, the service is down.
[[nodiscard]] Result<bool> hand_over(const Running& running);

// After a hand-over. Returns when the last connection has left, after retire-timeout, or when
// SIGTERM or SIGINT asks for it.
void retire(const Running& running);

}  // namespace sluice::server_program
