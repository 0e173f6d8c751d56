// SPDX-License-Identifier: Apache-2.0
// Doorbell: wakes one thread (the journal's). Ringing costs a load while that thread is awake, a
// system call only if it sleeps. The order that loses no visitor: a visitor leaves the work (with a
// seq_cst store), then rings; the thread lies down, looks for work once more, then sleeps.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace sluice::store {

class Doorbell {
 public:
  // Any thread, after leaving work that the thread will find when it looks.
  void ring() {
    if (asleep_.load(std::memory_order_seq_cst) != 0) wake();
  }
  // Any thread: for work that looking does not show. Remembered until called() asks.
  void call() {
    called_.store(true, std::memory_order_seq_cst);
    ring();
  }

  // The one thread.
  void lie_down() { asleep_.store(1, std::memory_order_seq_cst); }
  void get_up() { asleep_.store(0, std::memory_order_relaxed); }
  [[nodiscard]] bool called() { return called_.exchange(false, std::memory_order_seq_cst); }
  // After lie_down(): until rung since then, or for `longest`. Gets up.
  void sleep(Duration longest);

 private:
  void wake();

  std::atomic<std::uint32_t> asleep_{0};
  std::atomic<bool> called_{false};
};

}  // namespace sluice::store
