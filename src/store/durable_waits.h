// SPDX-License-Identifier: Apache-2.0
// DurableWaits: the runs of one view that wait until a number which another thread raises reaches
// theirs: the durable version, or the number of confirmations. On the view's core, except
// take_call().
#pragma once

#include <atomic>

#include "base/result.h"
#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/wait_list.h"
#include "store/store.h"

namespace sluice::store {

class DurableWaits {
 public:
  // One waiting run. Lives in the frame of its coroutine.
  class Wait;
  // The state that the waits depend on. It outlives the DurableWaits, or follow() replaces it.
  struct Awaited {
    const std::atomic<Version>* reached;
    const std::atomic<bool>* failing;  // the waits end with `unavailable`
    const std::atomic<bool>* lost;     // `reached` is final: the waits end with `lost`
  };

  // `late`: the message of the error at a deadline; static.
  DurableWaits(loop::EventLoop& loop, Awaited awaited, const char* late)
      : loop_(loop), awaited_(awaited), late_(late), waits_(loop) {}
  // Requires: no run waits.
  void follow(Awaited awaited) { awaited_ = awaited; }

  // True: `wait` is in the list, so co_await it. False: the wait is over already.
  [[nodiscard]] bool begin(Wait& wait);

  // Any thread, after news. True if the core waits for news and must call on_news(), once per
  // request.
  [[nodiscard]] bool take_call() { return calls_.exchange(false, std::memory_order_seq_cst); }
  // Resumes every run whose wait is over, synchronously.
  void on_news();

 private:
  using List = loop::WaitListOf<Wait>;
  [[nodiscard]] bool decide(Wait& wait) const;
  void remove(Wait& wait);
  void set_alarm(TimePoint when);
  void on_alarm();

  loop::EventLoop& loop_;
  Awaited awaited_;
  const char* const late_;
  List waits_;  // by version
  std::atomic<bool> calls_{false};
  // One timer for all waits, because nearly all end long before their deadlines. It fires at or
  // before the earliest deadline.
  loop::EventLoop::Timer alarm_;
  TimePoint alarm_at_ = TimePoint::max();
};

class DurableWaits::Wait : public loop::WaitList::Wait {
 public:
  Wait(DurableWaits& waits, Version version, TimePoint deadline)
      : loop::WaitList::Wait(waits.waits_, TimePoint::max()),
        waits_(waits),
        version_(version),
        deadline_(deadline) {}
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  ~Wait() { waits_.remove(*this); }

  // Requires: the wait is over.
  [[nodiscard]] Result<void> outcome() { return std::move(outcome_); }

 private:
  friend class DurableWaits;
  DurableWaits& waits_;
  Version version_;
  TimePoint deadline_;
  Result<void> outcome_;
};

}  // namespace sluice::store
