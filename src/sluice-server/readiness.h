// SPDX-License-Identifier: Apache-2.0
// Readiness: tells the cores whether the process serves, for the healthPath of HTTPServers. Cores
// cannot ask the store themselves, because that may block.
#pragma once

#include <memory>
#include <thread>

#include "admin/health.h"
#include "base/mutex.h"
#include "base/time.h"
#include "server/workers.h"

namespace sluice::server_program {

class Readiness {
 public:
  // The time after which the cores know at the latest.
  static constexpr Duration kLook = std::chrono::milliseconds(200);

  // Requires: `workers` outlives this.
  Readiness(std::shared_ptr<admin::Health> health, server::Workers& workers);
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // The process ends: from now on it is not ready, whoever asks. Idempotent.
  void end();

 private:
  void look();

  const std::shared_ptr<admin::Health> health_;
  server::Workers& workers_;
  Mutex mutex_;
  Condition changed_;
  bool ended_ SLUICE_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: uses the others
};

}  // namespace sluice::server_program
