// SPDX-License-Identifier: Apache-2.0
// DirectoryLock: at most one server per data directory. The kernel drops the lock when the process
// ends.
#pragma once

#include <string>
#include <utility>

#include "base/descriptor.h"
#include "base/result.h"

namespace sluice::store {

class DirectoryLock {
 public:
  // Makes the directory if it is absent. `conflict` if another process holds it.
  [[nodiscard]] static Result<DirectoryLock> take(const std::string& directory);

 private:
  explicit DirectoryLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace sluice::store
