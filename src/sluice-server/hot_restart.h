// SPDX-License-Identifier: Apache-2.0
// SIGUSR2 in the running process: the hand-over to a new process, and the retirement of the old
// one. successor_process.h describes the protocol between the two.
#pragma once

#include <memory>
#include <optional>

#include "admin/api.h"
#include "admin/health_server.h"
#include "base/log.h"
#include "base/result.h"
#include "control/controller.h"
#include "observe/access_log.h"
#include "server/workers.h"
#include "sluice-server/open_store.h"
#include "sluice-server/options.h"
#include "sluice-server/process.h"
#include "sluice-server/program.h"
#include "store/store.h"

namespace sluice::server_program {

// The parts of the running process that a hot restart needs.
struct Running {
  const Program& program;
  const Options& options;  // in force
  const Signals& signals;
  const Logger& logger;
  store::Store& store;
  std::optional<DirectoryLocks>& locks;
  server::Workers& workers;
  control::Controller& controller;
  std::unique_ptr<admin::Api>& api;
  std::unique_ptr<admin::HealthServer>& health_server;  // null: none
  observe::AccessLog* access_log;                       // may be null
};

// Returns false if this process continues, because the new one failed or a request to stop arrived;
// the log states the reason. Returns true once a new process serves. Error: neither process serves,
// so the service is down.
[[nodiscard]] Result<bool> hand_over(const Running& running);

// Call after a hand-over. Returns true at SIGTERM or SIGINT, and false when the last connection has
// left or after retire-timeout.
[[nodiscard]] bool retire(const Running& running);

}  // namespace sluice::server_program
