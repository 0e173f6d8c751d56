// SPDX-License-Identifier: Apache-2.0
// Crew: threads for work that may block for long, so that no piece of it waits for another.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace sluice::control {

// Any thread but the crew's own.
class Crew {
 public:
  // `threads_max`: more pieces of work than that wait. Threads are started when they are needed.
  explicit Crew(std::size_t threads_max) : threads_max_(threads_max) {}
  ~Crew() { stop(); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // False after stop(): it is not done.
  bool run(std::function<void()> work);
  // Waits until all that was accepted is done: ask it to be quick first.
  void stop();

 private:
  void work_on();
  // Waits for work; empty after stop() when all is done.
  [[nodiscard]] std::function<void()> next();

  const std::size_t threads_max_;
  Mutex mutex_;
  Condition changed_;
  std::deque<std::function<void()>> waiting_ SLUICE_GUARDED_BY(mutex_);
  std::size_t idle_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool stopping_ SLUICE_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // grows with mutex_ held, and not after stop()
};

}  // namespace sluice::control
