// SPDX-License-Identifier: Apache-2.0
// Pace: the way in which a guest yields after its slice. On a core, the other work of the loop runs
// first. On a thread without a loop, the guest continues at once. A coroutine that awaits only a
// Pace without a loop is done when start() returns.
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

  // co_await pace.rest(duration): waits while the guest sleeps. Blocks a thread without a loop.
  [[nodiscard]] Task<void> rest(Duration duration) const {
    if (loop_ == nullptr) {
      std::this_thread::sleep_for(duration);
      co_return;
    }
    co_await loop_->sleep_for(duration);
  }
  // co_await pace.give_way(): yields.
  [[nodiscard]] loop::EventLoop::Yield give_way() const { return loop::EventLoop::Yield(loop_); }

 private:
  loop::EventLoop* loop_ = nullptr;
};

// Runs a task to its end. Requires: it awaits only a Pace without a loop.
template <class T>
T run_here(Task<T> task) {
  task.start();
  return task.take();
}

}  // namespace sluice::wasm
