// SPDX-License-Identifier: Apache-2.0
// Waiter: suspends a coroutine until another part of its core resumes it, or until a deadline. It
// lives in the frame of that coroutine, so that a wait allocates only the entry of its deadline.
// Destroying it cancels the wait at any time. Event and WaitList are built from it. Core-bound.
//
// Invariant: a Waiter is in at most one list: that of the object it waits for, or the loop's list
// of coroutines to resume.
#pragma once

#include <coroutine>

#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/suspended.h"

namespace sluice::loop {

class Waiter : public Suspended {
 public:
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

 protected:
  // Requires: `loop` outlives this.
  explicit Waiter(EventLoop& loop) : loop_(loop) {}
  ~Waiter() { disarm(); }

  using OnDeadline = void (*)(Waiter&);
  // `on_deadline` is called at `deadline`, unless the waiter is resumed before. TimePoint::max():
  // no deadline.
  void suspend(std::coroutine_handle<> awaiter, TimePoint deadline, OnDeadline on_deadline) {
    awaiter_ = awaiter;
    if (deadline != TimePoint::max()) arm(deadline, on_deadline);
  }
  // Leaves its list and cancels its deadline.
  void withdraw() {
    unlink();
    disarm();
  }
  // Resumes the coroutine, if it is suspended, from the loop, after the current work.
  void resume_soon();
  // Resumes the coroutine from inside this call.
  // Requires: the coroutine does not destroy what the caller uses afterwards. It may destroy this.
  void resume_now() {
    disarm();
    resume();
  }

  EventLoop& loop_;

 private:
  void arm(TimePoint deadline, OnDeadline on_deadline);
  void disarm() {
    if (armed_) take_off_alarm();
  }
  void take_off_alarm();

  EventLoop::Timers::iterator alarm_;
  bool armed_ = false;
};

}  // namespace sluice::loop
