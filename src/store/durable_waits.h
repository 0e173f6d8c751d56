// SPDX-License-Identifier: Apache-2.0
// DurableWaits: the runs of one view that wait until what they depend on is durable. On the view's
// core, but for take_call().
#pragma once

#include <atomic>
#include <coroutine>

#include "base/result.h"
#include "base/time.h"
#include "loop/event_loop.h"
#include "store/store.h"

namespace sluice::store {

// A place in a circular list; leaves it when destroyed.
struct Link {
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { unlink(); }
  void unlink() {
    before->after = after;
    after->before = before;
    before = after = this;
  }
  void insert_behind(Link& place) {
    before = &place;
    after = place.after;
    after->before = this;
    place.after = this;
  }
  [[nodiscard]] bool alone() const { return after == this; }

  Link* before = this;
  Link* after = this;
};

class DurableWaits {
 public:
  // co_await it. Lives in the frame of the coroutine that waits.
  class Wait;

  // `durable` and `failing` outlive this.
  DurableWaits(loop::EventLoop& loop, const std::atomic<Version>& durable,
               const std::atomic<bool>& failing)
      : loop_(loop), durable_(durable), failing_(failing) {}

  // Any thread, after news: true if the core waits for them and must be sent on_news(), once.
  [[nodiscard]] bool take_call() { return calls_.exchange(false, std::memory_order_seq_cst); }
  // Resumes those whose wait is over.
  void on_news();

 private:
  [[nodiscard]] bool decide(Wait& wait) const;
  [[nodiscard]] bool add(Wait& wait);
  void remove(Wait& wait);
  [[nodiscard]] Wait& first();
  void resume_all(Link& ready);
  void set_alarm(TimePoint when);
  void on_alarm();

  loop::EventLoop& loop_;
  const std::atomic<Version>& durable_;
  const std::atomic<bool>& failing_;
  Link waits_;  // by version
  std::atomic<bool> calls_{false};
  // One timer for all: the earliest deadline when it was set, or earlier than that by now.
  loop::EventLoop::Timer alarm_;
  TimePoint alarm_at_ = TimePoint::max();
};

class DurableWaits::Wait : private Link {
 public:
  Wait(DurableWaits& waits, Version version, TimePoint deadline)
      : waits_(waits), version_(version), deadline_(deadline) {}
  ~Wait() { waits_.remove(*this); }

  bool await_ready() { return waits_.decide(*this); }
  bool await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    return waits_.add(*this);
  }
  Result<void> await_resume() { return std::move(outcome_); }

 private:
  friend class DurableWaits;
  DurableWaits& waits_;
  Version version_;
  TimePoint deadline_;
  std::coroutine_handle<> waiter_;
  Result<void> outcome_;
};

}  // namespace sluice::store
