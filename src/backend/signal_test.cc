// SPDX-License-Identifier: Apache-2.0
#include "backend/signal.h"

#include <gtest/gtest.h>

#include "loop/testing/run_to_completion.h"

namespace sluice::backend {
namespace {

using std::chrono::milliseconds;

TEST(Signal, RemembersOneNotice) {
  loop::EventLoop loop;
  Signal signal(loop);
  signal.notify();
  signal.notify();
  const TimePoint soon = loop::EventLoop::now() + milliseconds(1);
  EXPECT_TRUE(loop::run_to_completion(loop, signal.wait(TimePoint::max())));
  EXPECT_FALSE(loop::run_to_completion(loop, signal.wait(soon)));
}

// The notice is under way when the time is up: it must not get lost.
TEST(Signal, ANoticeAtTheDeadlineCounts) {
  loop::EventLoop loop;
  Signal signal(loop);
  const TimePoint when = loop::EventLoop::now() + milliseconds(5);
  const loop::EventLoop::Timer first(loop, when, [&signal] { signal.notify(); });
  EXPECT_TRUE(loop::run_to_completion(loop, signal.wait(when)));
}

}  // namespace
}  // namespace sluice::backend
