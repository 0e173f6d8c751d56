// SPDX-License-Identifier: Apache-2.0
// Pace: the way in which a guest yields after its slice. On a core, the other work of the loop runs
// first. On a thread without a loop, the guest continues at once, until it is to stop. A coroutine
// that awaits only a Pace without a loop is done when start() returns.
#pragma once

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/task.h"

namespace sluice::wasm {

class Pace {
 public:
  Pace() = default;  // a thread without a loop
  // A thread without a loop, whose guests are given up when `stop` says so.
  explicit Pace(std::stop_token stop) : stop_(std::move(stop)) {}
  explicit Pace(loop::EventLoop& loop) : loop_(&loop) {}

  // To be asked between slices. True: the guest is to run no more.
  [[nodiscard]] bool stopped() const { return stop_.stop_requested(); }
  // co_await pace.rest(duration): waits while the guest sleeps. Blocks a thread without a loop, and
  // may then return sooner, to be asked whether it is stopped().
  [[nodiscard]] Task<void> rest(Duration duration) const {
    if (loop_ == nullptr) {
      std::this_thread::sleep_for(stop_.stop_possible() ? std::min(duration, kStopCheck)
                                                        : duration);
      co_return;
    }
    co_await loop_->sleep_for(duration);
  }
  // co_await pace.give_way(): yields.
  [[nodiscard]] loop::EventLoop::Yield give_way() const { return loop::EventLoop::Yield(loop_); }

 private:
  static constexpr Duration kStopCheck = std::chrono::milliseconds(20);

  loop::EventLoop* loop_ = nullptr;
  std::stop_token stop_;
};

// Runs a task to its end. Requires: it awaits only a Pace without a loop.
template <class T>
T run_here(Task<T> task) {
  task.start();
  return task.take();
}

}  // namespace sluice::wasm
