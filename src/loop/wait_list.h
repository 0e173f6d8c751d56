// SPDX-License-Identifier: Apache-2.0
// WaitList: the coroutines of a core that wait for the same thing, first come first served. A
// notice without a waiter is lost: test the condition first, then wait. Core-bound.
#pragma once

#include <coroutine>
#include <cstddef>

#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/waiter.h"

namespace sluice::loop {

class WaitList {
 public:
  class Wait;

  // Requires: `loop` outlives this.
  explicit WaitList(EventLoop& loop) : loop_(loop) {}
  // Waiting coroutines stay suspended for good. Those that were notified still run.
  ~WaitList();
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  // Returns the number of waits that were not notified.
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // co_await: bool. True once notified, false at `deadline`. If a notice and a deadline come in the
  // same turn of the loop, the first counts. Destroying the awaiter cancels the wait.
  [[nodiscard]] Wait wait(TimePoint deadline = TimePoint::max());

  // Resume the first wait, or all in order, from the loop, after the current work. They leave the
  // list at once. If the first is destroyed before it runs, its notice passes to the next.
  void notify_one();
  void notify_all();
  // Resume from inside this call those that wait when it begins. A waiter may destroy this, and
  // other waiters.
  // Requires: no waiter destroys what the caller uses afterwards.
  void notify_one_now();
  void notify_all_now();
  // Resumes `wait`, which is in this list, from the loop. Its notice never passes to another wait.
  void notify(Wait& wait);

  // The functions below are for lists with their own order, and for waiters that get more than a
  // notice: a class derived from Wait, and WaitListOf.

  // Puts `wait` into the list before it is awaited, behind `place`; null: at the front.
  void insert(Wait& wait, Wait* place);
  // Moves `wait` from its list to the end of this one.
  void take(Wait& wait);
  // Returns null if the list is empty.
  [[nodiscard]] Wait* first() const { return at(waits_.after); }
  [[nodiscard]] Wait* last() const { return at(waits_.before); }
  [[nodiscard]] Wait* next(const Wait& wait) const;
  [[nodiscard]] Wait* previous(const Wait& wait) const;

 private:
  [[nodiscard]] Wait* at(Link* link) const;
  Wait& pop();

  EventLoop& loop_;
  Link waits_;
  Link passing_;  // of waits that notify_one() has notified and that have not run since
  std::size_t size_ = 0;
};

class WaitList::Wait : private Waiter {
 public:
  Wait(WaitList& list, TimePoint deadline)
      : Waiter(list.loop_), list_(&list), deadline_(deadline) {}
  ~Wait() {
    leave();
    if (!passing_.alone()) pass_on();
  }
  [[nodiscard]] bool await_ready() const { return notified_; }
  // Requires: the list exists.
  void await_suspend(std::coroutine_handle<> awaiter) {
    if (!listed_) list_->insert(*this, list_->last());
    suspend(awaiter, deadline_, [](Waiter& self) { static_cast<Wait&>(self).expire(); });
  }
  bool await_resume() {
    passing_.unlink();
    return notified_;
  }
  // Leaves the list without resuming the coroutine. Callable at any time.
  void leave() {
    if (!listed_) return;
    listed_ = false;
    --list_->size_;
    withdraw();
  }

 private:
  friend class WaitList;
  void expire() {
    leave();
    resume_now();
  }
  void pass_on() {
    passing_.unlink();
    list_->notify_one();
  }

  WaitList* list_;  // valid while listed_, and while passing_ is in its list
  TimePoint deadline_;
  Link passing_;
  bool listed_ = false;
  bool notified_ = false;
};

// A WaitList of a class derived from Wait.
template <class Node>
class WaitListOf : public WaitList {
 public:
  using WaitList::WaitList;
  [[nodiscard]] Node* first() const { return static_cast<Node*>(WaitList::first()); }
  [[nodiscard]] Node* last() const { return static_cast<Node*>(WaitList::last()); }
  [[nodiscard]] Node* next(const Node& node) const {
    return static_cast<Node*>(WaitList::next(node));
  }
  [[nodiscard]] Node* previous(const Node& node) const {
    return static_cast<Node*>(WaitList::previous(node));
  }
};

inline WaitList::Wait WaitList::wait(TimePoint deadline) { return Wait(*this, deadline); }

}  // namespace sluice::loop
