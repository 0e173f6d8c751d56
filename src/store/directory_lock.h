// SPDX-License-Identifier: Apache-2.0
// DirectoryLock: at most one server per data directory, and per home directory. The kernel drops
// the lock when the process ends.
#pragma once

#include <string>
#include <utility>

#include "base/descriptor.h"
#include "base/result.h"

namespace sluice::store {

class DirectoryLock {
 public:
  // Makes the directory if it is absent. `conflict` if another process holds it.
  [[nodiscard]] static Result<DirectoryLock> take(const std::string& directory) {
    return take(directory, "data", "sluice.lock");
  }
  // The same of the folder that has sluice.pid, which may hold data directories.
  [[nodiscard]] static Result<DirectoryLock> take_home(const std::string& directory) {
    return take(directory, "home", "sluice.pid.lock");
  }

 private:
  [[nodiscard]] static Result<DirectoryLock> take(const std::string& directory, const char* kind,
                                                  const char* file);
  explicit DirectoryLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace sluice::store
