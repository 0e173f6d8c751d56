// SPDX-License-Identifier: Apache-2.0
// Slot: the place of a call among those of its kind, as long as it lives. Any thread.
#pragma once

#include <atomic>

namespace sluice::admin {

class CountedSlot {
 public:
  // Requires: `count` outlives this.
  CountedSlot(std::atomic<int>& count, int max) : count_(count), granted_(++count <= max) {}
  CountedSlot(const CountedSlot&) = delete;
  CountedSlot& operator=(const CountedSlot&) = delete;
  ~CountedSlot() { --count_; }
  // False if there were `max` before.
  [[nodiscard]] bool granted() const { return granted_; }

 private:
  std::atomic<int>& count_;
  const bool granted_;
};

}  // namespace sluice::admin
