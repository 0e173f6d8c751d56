// SPDX-License-Identifier: Apache-2.0
#include "store/durable_waits.h"

#include <algorithm>

namespace sluice::store {

DurableWaits::Wait& DurableWaits::first() { return static_cast<Wait&>(*waits_.after); }

bool DurableWaits::decide(Wait& wait) const {
  if (durable_.load(std::memory_order_seq_cst) >= wait.version_) {
    wait.outcome_ = {};
    return true;
  }
  if (!failing_.load(std::memory_order_seq_cst)) return false;
  wait.outcome_ = fail(ErrorKind::unavailable, "the store cannot write: see its status");
  return true;
}

// False if the wait is over already.
bool DurableWaits::add(Wait& wait) {
  Link* place = waits_.before;  // nearly always the newest
  while (place != &waits_ && static_cast<Wait*>(place)->version_ > wait.version_) {
    place = place->before;
  }
  wait.insert_behind(*place);
  // The journal publishes, then asks for calls_; this sets calls_, then looks: one of them sees it.
  calls_.store(true, std::memory_order_seq_cst);
  if (decide(wait)) {
    remove(wait);
    return false;
  }
  set_alarm(wait.deadline_);
  return true;
}

void DurableWaits::remove(Wait& wait) {
  wait.unlink();
  if (waits_.alone() && alarm_.pending()) {
    alarm_.reset();
    alarm_at_ = TimePoint::max();
  }
}

void DurableWaits::on_news() {
  while (!waits_.alone()) {
    Link ready;
    while (!waits_.alone() && decide(first())) {
      Link& decided = first();
      decided.unlink();
      decided.insert_behind(*ready.before);
    }
    resume_all(ready);
    if (waits_.alone()) break;
    calls_.store(true, std::memory_order_seq_cst);
    if (!decide(first())) return;
  }
  if (waits_.alone()) set_alarm(TimePoint::max());
}

// Any of them may destroy any other: those leave the list.
void DurableWaits::resume_all(Link& ready) {
  while (!ready.alone()) {
    auto& wait = static_cast<Wait&>(*ready.after);
    wait.unlink();
    wait.waiter_.resume();
  }
}

void DurableWaits::set_alarm(TimePoint when) {
  if (when == TimePoint::max()) {
    alarm_.reset();
    alarm_at_ = when;
  } else if (when < alarm_at_) {
    alarm_at_ = when;
    alarm_ = loop::EventLoop::Timer(loop_, when, [this] { on_alarm(); });
  }
}

void DurableWaits::on_alarm() {
  set_alarm(TimePoint::max());
  const TimePoint now = loop::EventLoop::now();
  TimePoint next = TimePoint::max();
  Link late;
  for (Link* link = waits_.after; link != &waits_;) {
    auto& wait = static_cast<Wait&>(*link);
    link = link->after;
    if (wait.deadline_ > now) {
      next = std::min(next, wait.deadline_);
      continue;
    }
    if (!decide(wait)) {
      wait.outcome_ = fail(ErrorKind::timed_out, "the store has not written in time");
    }
    wait.unlink();
    wait.insert_behind(*late.before);
  }
  set_alarm(next);
  resume_all(late);
}

}  // namespace sluice::store
