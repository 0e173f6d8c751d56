// SPDX-License-Identifier: Apache-2.0
// Ticker: one thread that calls `tick` every millisecond while guests run, and ten times a second
// otherwise, so an idle machine sleeps.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "base/mutex.h"

namespace sluice::wasm {

class Ticker {
 public:
  // `tick` is called on the thread of the Ticker.
  explicit Ticker(std::function<void()> tick);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // Call it before a guest runs. Any thread. Usually a relaxed load: a wake-up lost to a race costs
  // at most one slow tick.
  void touch() {
    if (!used_.load(std::memory_order_relaxed)) wake();
  }

 private:
  void wake();
  void run();
  void wait(std::chrono::milliseconds time, bool until_used);
  [[nodiscard]] bool stopped();

  std::function<void()> tick_;
  std::atomic<bool> used_{false};
  Mutex mutex_;
  Condition changed_;
  bool stop_ SLUICE_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace sluice::wasm
