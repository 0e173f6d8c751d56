// SPDX-License-Identifier: Apache-2.0
// Signal: lets one coroutine of a core wait until another has something for it. Core-bound.
#pragma once

#include <memory>
#include <utility>

#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/task.h"
#include "net/one_shot.h"

namespace sluice::backend {

class Signal {
 public:
  explicit Signal(loop::EventLoop& loop) : loop_(loop) {}

  // The waiter resumes from the loop, not from in here. Without one, the next wait is over at once.
  void notify() {
    due_ = true;
    if (!waiting_) return;
    loop_.post([slot = std::exchange(waiting_, nullptr)] { slot->set(true); });
  }
  // True once notified, false at `deadline`. One waiter at a time.
  [[nodiscard]] Task<bool> wait(TimePoint deadline) {
    if (std::exchange(due_, false)) co_return true;
    net::OneShot<bool> shot;
    waiting_ = shot.slot();
    loop::EventLoop::Timer timer;
    if (deadline != TimePoint::max()) {
      timer = {loop_, deadline, [slot = shot.slot()] { slot->set(false); }};
    }
    (void)co_await shot;
    waiting_ = nullptr;
    co_return std::exchange(due_, false);  // also if the time was up while the notice was under way
  }

 private:
  loop::EventLoop& loop_;
  bool due_ = false;
  std::shared_ptr<net::OneShot<bool>::Slot> waiting_;
};

}  // namespace sluice::backend
