// SPDX-License-Identifier: Apache-2.0
#include "store/durable_waits.h"

#include <algorithm>

#include "store/engine.h"

namespace sluice::store {

bool DurableWaits::decide(Wait& wait) const {
  if (awaited_.reached->load(std::memory_order_seq_cst) >= wait.version_) {
    wait.outcome_ = {};
    return true;
  }
  if (awaited_.lost->load(std::memory_order_seq_cst)) [[unlikely]] {
    // `reached` may have risen between the first load and the loss.
    const bool reached = awaited_.reached->load(std::memory_order_seq_cst) >= wait.version_;
    wait.outcome_ = reached ? Result<void>() : lost();
    return true;
  }
  if (!awaited_.failing->load(std::memory_order_seq_cst)) return false;
  wait.outcome_ = fail(ErrorKind::unavailable, "the store cannot write: egctl health says why");
  return true;
}

bool DurableWaits::begin(Wait& wait) {
  if (decide(wait)) return false;
  Wait* place = waits_.last();  // nearly always the newest
  while (place != nullptr && place->version_ > wait.version_) place = waits_.previous(*place);
  waits_.insert(wait, place);
  // The journal publishes, then reads calls_. This sets calls_, then checks again. One of them sees
  // the other.
  calls_.store(true, std::memory_order_seq_cst);
  if (decide(wait)) {
    remove(wait);
    return false;
  }
  set_alarm(wait.deadline_);
  return true;
}

void DurableWaits::remove(Wait& wait) {
  wait.leave();
  if (waits_.empty() && alarm_.pending()) {
    alarm_.reset();
    alarm_at_ = TimePoint::max();
  }
}

// A resumed run may begin a new wait.
void DurableWaits::on_news() {
  while (!waits_.empty()) {
    List ready(loop_);
    while (!waits_.empty() && decide(*waits_.first())) ready.take(*waits_.first());
    ready.notify_all_now();
    if (waits_.empty()) break;
    calls_.store(true, std::memory_order_seq_cst);
    if (!decide(*waits_.first())) return;
  }
  if (waits_.empty()) set_alarm(TimePoint::max());
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
  List late(loop_);
  for (Wait* next_wait = waits_.first(); next_wait != nullptr;) {
    Wait& wait = *next_wait;
    next_wait = waits_.next(wait);
    if (wait.deadline_ > now) {
      next = std::min(next, wait.deadline_);
      continue;
    }
    if (!decide(wait)) {
      wait.outcome_ = fail(ErrorKind::timed_out, late_);
    }
    late.take(wait);
  }
  set_alarm(next);
  late.notify_all_now();
}

}  // namespace sluice::store
