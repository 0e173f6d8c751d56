// SPDX-License-Identifier: Apache-2.0
// DirectoryLock: at most one server per data directory. The kernel drops the lock when the process
// ends.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace sluice::store {

class DirectoryLock {
 public:
  // Makes the directory if it is absent. `conflict` if another process holds it.
  [[nodiscard]] static Result<DirectoryLock> take(const std::string& directory);
  DirectoryLock(DirectoryLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  int file_;
};

}  // namespace sluice::store
