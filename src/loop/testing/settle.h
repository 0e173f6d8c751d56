// SPDX-License-Identifier: Apache-2.0
// Helpers for the tests of waits.
#pragma once

#include <optional>
#include <string>

#include "loop/event_loop.h"

namespace sluice::loop::testing {

// Runs the work that is due in `loop`, and the work that follows from it without a wait for time.
inline void settle(EventLoop& loop) {
  for (int turn = 0; turn < 5; ++turn) {
    loop.post([&loop] { loop.stop(); });  // a turn later: descriptors and times have theirs
    loop.run();
  }
}

// Runs `loop` for `duration`.
inline void run_for(EventLoop& loop, Duration duration) {
  const EventLoop::Timer end(loop, Clock::now() + duration, [&loop] { loop.stop(); });
  loop.run();
}

// Runs `loop` until its timers of up to `when` have fired, and then settles it. The kernel tells a
// loop of a time some microseconds late.
inline void run_past(EventLoop& loop, TimePoint when) {
  const EventLoop::Timer end(loop, when, [&loop] { loop.stop(); });
  loop.run();
  settle(loop);
}

// Lets the wall clock pass `when` while `loop` does not see its timers.
inline void let_pass(TimePoint when) {
  while (Clock::now() <= when) {
  }
}

}  // namespace sluice::loop::testing
