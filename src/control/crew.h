// SPDX-License-Identifier: Apache-2.0
// Crew: threads for work that may block for long. Invariant: no piece of work waits for another, up
// to `threads_max` at once.
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
  // Starts a thread that runs its argument. std::system_error: the system starts no more.
  using StartThread = std::function<std::thread(std::function<void()>)>;

  // Beyond `threads_max`, work waits. The first thread starts here, so that accepted work is always
  // done; std::system_error if it cannot. The others start on demand. If the system starts no more,
  // work waits for the threads that there are.
  explicit Crew(std::size_t threads_max, StartThread start = {});
  ~Crew() { stop(); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Returns false after stop(): the work is not done.
  bool run(std::function<void()> work);
  // Waits until all accepted work is done. The caller first asks the work to end soon.
  void stop();

 private:
  void start_thread();
  void work_on();
  // Waits for work. Empty after stop() once all work is done.
  [[nodiscard]] std::function<void()> next();

  const std::size_t threads_max_;
  const StartThread start_;
  Mutex mutex_;
  Condition changed_;
  std::deque<std::function<void()>> waiting_ SLUICE_GUARDED_BY(mutex_);
  std::size_t idle_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool stopping_ SLUICE_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // grows only under mutex_, and not after stop()
};

}  // namespace sluice::control
