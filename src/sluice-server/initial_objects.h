// SPDX-License-Identifier: Apache-2.0
// The objects of --initial-object-config-files.
#pragma once

#include <atomic>
#include <future>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "control/controller.h"

namespace sluice::server_program {

// Creates each object of these files whose name is free, on a thread of its own, because code from
// a slow URL must not delay the start. Requires: `controller` outlives this.
class InitialObjects {
 public:
  InitialObjects(std::vector<std::string> files, control::Controller& controller, Logger logger);
  // Ends all changes, because the thread may still be at work.
  ~InitialObjects();
  InitialObjects(const InitialObjects&) = delete;
  InitialObjects& operator=(const InitialObjects&) = delete;

  // Returns when the objects are created, or after a few seconds. The error names the file and the
  // fault. A later error goes to the log.
  [[nodiscard]] Result<void> wait();

 private:
  control::Controller& controller_;
  const Logger logger_;
  std::atomic<bool> late_{false};
  std::future<Result<void>> created_;
};

}  // namespace sluice::server_program
