// SPDX-License-Identifier: Apache-2.0
// Crew: threads for work that may block for long, so that no piece of it waits for another.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

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

  const std::size_t threads_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::control
