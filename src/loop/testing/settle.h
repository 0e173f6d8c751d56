// SPDX-License-Identifier: Apache-2.0
// For the tests of waits.
#pragma once

#include <optional>
#include <string>

#include "loop/event_loop.h"

namespace sluice::loop::testing {

// Does what is due in `loop`, and what follows from it without waiting for time.
inline void settle(EventLoop& loop) {
  for (int turn = 0; turn < 5; ++turn) {
    loop.stop();
    loop.run();
  }
}

// Runs `loop` for `duration`.
inline void run_for(EventLoop& loop, Duration duration) {
  const EventLoop::Timer end(loop, Clock::now() + duration, [&loop] { loop.stop(); });
  loop.run();
}

// Runs `loop` until the wall clock is past `when` without letting it see its timers meanwhile.
inline void let_pass(TimePoint when) {
  while (Clock::now() <= when) {
  }
}

}  // namespace sluice::loop::testing
