// SPDX-License-Identifier: Apache-2.0
// CallerSlots: the places of calls of one kind, with a bound for all and one for each caller, so
// that one caller does not take all places. Any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/mutex.h"

namespace sluice::admin {

class CallerSlots {
 public:
  struct Bounds {
    int all;
    int of_caller;
  };
  enum class Refusal { none, all, of_caller };

  // A place, as long as it lives. Without one, `refusal` tells which bound was met.
  class Slot {
   public:
    Slot(std::shared_ptr<CallerSlots> slots, std::string caller)
        : slots_(std::move(slots)), caller_(std::move(caller)), refusal_(slots_->take(caller_)) {}
    ~Slot() {
      if (refusal_ == Refusal::none) slots_->give_back(caller_);
    }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    [[nodiscard]] Refusal refusal() const { return refusal_; }

   private:
    const std::shared_ptr<CallerSlots> slots_;
    const std::string caller_;
    const Refusal refusal_;
  };

  explicit CallerSlots(Bounds bounds) : bounds_(bounds) {}
  [[nodiscard]] const Bounds& bounds() const { return bounds_; }

 private:
  [[nodiscard]] Refusal take(const std::string& caller) {
    const MutexLock lock(mutex_);
    if (taken_ >= bounds_.all) return Refusal::all;
    int& its = of_caller_[caller];
    if (its >= bounds_.of_caller) return Refusal::of_caller;
    ++its;
    ++taken_;
    return Refusal::none;
  }
  void give_back(const std::string& caller) {
    const MutexLock lock(mutex_);
    --taken_;
    const auto its = of_caller_.find(caller);
    if (--its->second == 0) of_caller_.erase(its);
  }

  const Bounds bounds_;
  Mutex mutex_;
  int taken_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int> of_caller_ SLUICE_GUARDED_BY(mutex_);  // none is 0
};

}  // namespace sluice::admin
