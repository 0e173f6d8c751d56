// SPDX-License-Identifier: Apache-2.0
// Event: lets one coroutine of a core wait for a notice from another part of the core. A notice
// without a waiter is kept, once, for the next wait. Core-bound. Requires: one waiter at a time.
#pragma once

#include <coroutine>
#include <utility>

#include "base/assert.h"
#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/waiter.h"

namespace sluice::loop {

class Event {
 public:
  class Wait;

  // Requires: `loop` outlives this.
  explicit Event(EventLoop& loop) : loop_(loop) {}
  // A waiting coroutine stays suspended for good, even if it was notified and has not run since.
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // Resumes the waiter from the loop, after the current work.
  void notify();
  // Resumes the waiter from inside this call.
  // Requires: the waiter does not destroy what the caller uses afterwards. It may destroy this.
  void notify_now();

  // True if a coroutine waits and was not notified.
  [[nodiscard]] bool has_waiter() const { return wait_ != nullptr && !due_; }

  // co_await: bool. True once notified, false at `deadline`. If a notice and a deadline come in the
  // same turn of the loop, the first counts. Destroying the awaiter cancels the wait; a notice that
  // it has not seen is kept for the next wait.
  // Requires: no coroutine waits. This outlives the wait, or the coroutine is never resumed.
  [[nodiscard]] Wait wait(TimePoint deadline = TimePoint::max());

 private:
  EventLoop& loop_;
  // Invariant: if wait_ is set and due_ is true, the waiter is about to be resumed.
  Wait* wait_ = nullptr;
  bool due_ = false;
};

class Event::Wait final : private Waiter {
 public:
  Wait(Event& event, TimePoint deadline)
      : Waiter(event.loop_), event_(&event), deadline_(deadline) {}
  ~Wait() {
    if (event_ != nullptr && event_->wait_ == this) event_->wait_ = nullptr;
  }
  [[nodiscard]] bool await_ready() const { return event_->due_; }
  void await_suspend(std::coroutine_handle<> awaiter) {
    SLUICE_ASSERT(event_->wait_ == nullptr, "an Event has one waiter at a time");
    event_->wait_ = this;
    suspend(awaiter, deadline_, [](Waiter& self) { static_cast<Wait&>(self).resume_now(); });
  }
  bool await_resume() {
    if (event_->wait_ == this) event_->wait_ = nullptr;
    return std::exchange(event_->due_, false);
  }

 private:
  friend class Event;
  Event* event_;  // null: the Event was destroyed
  TimePoint deadline_;
};

inline Event::~Event() {
  if (wait_ == nullptr) return;
  wait_->withdraw();
  wait_->event_ = nullptr;
}

inline void Event::notify() {
  if (!std::exchange(due_, true) && wait_ != nullptr) wait_->resume_soon();
}

inline void Event::notify_now() {
  due_ = true;
  if (wait_ != nullptr) wait_->resume_now();
}

inline Event::Wait Event::wait(TimePoint deadline) { return Wait(*this, deadline); }

}  // namespace sluice::loop
