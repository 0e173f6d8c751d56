// SPDX-License-Identifier: Apache-2.0
// FileWatch: checks that the open files are still the files at their paths. A write to a removed or
// replaced file succeeds, and the data is lost. One thread at a time.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace sluice::store {

class FileWatch {
 public:
  // Remembers the file that `path` names now. Requires: the caller has it open, so that its inode
  // number is not reused. `advice`: the remedy if the file is gone.
  [[nodiscard]] Result<void> add(std::string path, std::string advice);
  // Costs one stat per file. `unavailable`, with the name, if a file was removed, replaced or
  // truncated. One thread at a time.
  [[nodiscard]] Result<void> check();
  // True if check() has ever found a truncated file: its contents are lost.
  [[nodiscard]] bool cut_short() const { return cut_short_; }

 private:
  struct WatchedFile {
    std::string path;
    std::string advice;
    dev_t device;
    ino_t number;
    off_t size;  // the largest size seen: SQLite truncates no file below 64 MiB
  };
  std::vector<WatchedFile> files_;
  bool cut_short_ = false;
};

}  // namespace sluice::store
