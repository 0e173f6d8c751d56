// SPDX-License-Identifier: Apache-2.0
// --initial-object-config-files
#pragma once

#include <atomic>
#include <future>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "control/controller.h"

namespace sluice::server_program {

// Creates the objects of these files whose names are free, on a thread of its own: code that comes
// from a slow URL must not hold up the start of all else. `controller` outlives this.
class InitialObjects {
 public:
  InitialObjects(std::vector<std::string> files, control::Controller& controller, Logger logger);
  // Ends all changes, for it may be at work still.
  ~InitialObjects();
  InitialObjects(const InitialObjects&) = delete;
  InitialObjects& operator=(const InitialObjects&) = delete;

  // Returns when they are created, or after a few seconds. The error names file and fault; one that
  // comes later goes to the log.
  [[nodiscard]] Result<void> wait();

 private:
  control::Controller& controller_;
  const Logger logger_;
  std::atomic<bool> late_{false};
  std::future<Result<void>> created_;
};

}  // namespace sluice::server_program
