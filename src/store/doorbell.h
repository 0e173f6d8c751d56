// SPDX-License-Identifier: Apache-2.0
// Doorbell: wakes one thread (the journal's). A ring costs one load while that thread is awake, and
// a system call only if it sleeps. Invariant: no ring is lost. The visitor stores its work
// (seq_cst), then rings; the thread calls lie_down(), looks for work once more, then sleeps.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace sluice::store {

class Doorbell {
 public:
  // Any thread. Requires: the work is already stored where the thread looks.
  void ring() {
    if (asleep_.load(std::memory_order_seq_cst) != 0) wake();
  }
  // Any thread, for a request that leaves no visible work. Remembered until called() reads it.
  void call() {
    called_.store(true, std::memory_order_seq_cst);
    ring();
  }

  // For the one thread that sleeps.
  void lie_down() { asleep_.store(1, std::memory_order_seq_cst); }
  void get_up() { asleep_.store(0, std::memory_order_relaxed); }
  [[nodiscard]] bool called() { return called_.exchange(false, std::memory_order_seq_cst); }
  // After lie_down(): sleeps until the next ring, at most for `longest`. Then gets up.
  void sleep(Duration longest);

 private:
  void wake();

  std::atomic<std::uint32_t> asleep_{0};
  std::atomic<bool> called_{false};
};

}  // namespace sluice::store
