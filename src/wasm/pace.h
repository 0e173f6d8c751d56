// SPDX-License-Identifier: Apache-2.0
// Pace: what the host does when a guest has used up its slice: on a core, everybody else's work
// first; on a thread without a loop, nothing. A coroutine that awaits only a Pace without a loop is
// done when it returns from start().
#pragma once

#include <thread>

#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/task.h"

namespace sluice::wasm {

class Pace {
 public:
  Pace() = default;  // a thread without a loop
  explicit Pace(loop::EventLoop& loop) : loop_(&loop) {}

  // co_await pace.rest(duration): while the guest sleeps.
  [[nodiscard]] Task<void> rest(Duration duration) const {
    if (loop_ == nullptr) {
      std::this_thread::sleep_for(duration);
      co_return;
    }
    co_await loop_->sleep_for(duration);
  }
  // co_await pace.give_way();
  [[nodiscard]] loop::EventLoop::Yield give_way() const { return loop::EventLoop::Yield(loop_); }

 private:
  loop::EventLoop* loop_ = nullptr;
};

// For a Pace without a loop.
template <class T>
T run_here(Task<T> task) {
  task.start();
  return task.take();
}

}  // namespace sluice::wasm
