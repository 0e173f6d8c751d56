// SPDX-License-Identifier: Apache-2.0
// DelayProbe: how long a descriptor of this loop that becomes ready waits until the loop turns to
// it, whatever the loop is busy with. A probe is an eventfd that takes its place in the same queue
// of the kernel as the sockets (the Poller's epoll, first come first served), so it is told when
// whatever became ready together with it is. Asked for by the work itself: a loop without work
// sends none. The loop's own thread only.
#pragma once

#include <array>
#include <functional>

#include "base/time.h"
#include "loop/poller.h"

namespace sluice::loop {

class EventLoop;

class DelayProbe {
 public:
  // `on_delay(sent, delay)`: what became ready at `sent` was told `delay` later.
  using OnDelay = std::function<void(TimePoint sent, Duration delay)>;

  // `loop` outlives this. Without descriptors left in the process it never measures anything.
  DelayProbe(EventLoop& loop, OnDelay on_delay);
  ~DelayProbe();
  DelayProbe(const DelayProbe&) = delete;
  DelayProbe& operator=(const DelayProbe&) = delete;

  // Work has come at `now`. Sends a probe if it is time for one: at most one every kPause, and
  // kProbes on their way at once, spread over the delay measured last.
  void ask(TimePoint now) {
    if (now >= next_) send(now);
  }

  static constexpr std::size_t kProbes = 8;
  static constexpr Duration kPause = std::chrono::milliseconds(5);

 private:
  struct Probe final : Poller::Watcher {
    DelayProbe* owner = nullptr;
    int descriptor = -1;
    bool sent = false;
    TimePoint sent_at;
    void on_change(Poller::Change change) override;
  };
  void send(TimePoint now);
  void told(Probe& probe);

  Poller& poller_;
  OnDelay on_delay_;
  std::array<Probe, kProbes> probes_;
  Duration last_delay_{};
  TimePoint next_ = TimePoint::max();
};

}  // namespace sluice::loop
