// SPDX-License-Identifier: Apache-2.0
// FileWatch: are the files that the server has open still the ones that their paths name? A write
// into a file that was removed or replaced succeeds, and is lost. One thread at a time.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace sluice::store {

class FileWatch {
 public:
  // Remembers which file `path` names now; the caller has it open, so that its number is not given
  // to another file. `advice`: what to do when it is gone.
  [[nodiscard]] Result<void> add(std::string path, std::string advice);
  // Costs a stat a file. `unavailable` if one was removed, replaced or cut short; names it. One
  // thread at a time.
  [[nodiscard]] Result<void> check();
  // Whether check() has ever found one that was cut short: what was in it is lost.
  [[nodiscard]] bool cut_short() const { return cut_short_; }

 private:
  struct File {
    std::string path;
    std::string advice;
    dev_t device;
    ino_t number;
    off_t size;  // the largest seen: SQLite cuts none of them short below 64 MiB
  };
  std::vector<File> files_;
  bool cut_short_ = false;
};

}  // namespace sluice::store
