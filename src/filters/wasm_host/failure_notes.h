// SPDX-License-Identifier: Apache-2.0
// FailureNotes: why a filter with guests fails, for its status. Any thread.
#pragma once

#include <string>
#include <utility>

#include "base/mutex.h"

namespace sluice::filters {

class FailureNotes {
 public:
  // The reason why the last replacement for a dead guest failed; "" if it succeeded.
  void set_fault(std::string text) {
    const MutexLock lock(mutex_);
    fault_ = std::move(text);
  }
  [[nodiscard]] std::string get_fault() const {
    const MutexLock lock(mutex_);
    return fault_;
  }

  // The time and reason of a recent failure; "" if there was none.
  void set_last_failure(std::string text) {
    const MutexLock lock(mutex_);
    last_failure_ = std::move(text);
  }
  [[nodiscard]] std::string get_last_failure() const {
    const MutexLock lock(mutex_);
    return last_failure_;
  }

 private:
  mutable Mutex mutex_;
  std::string fault_ SLUICE_GUARDED_BY(mutex_);
  std::string last_failure_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::filters
