// SPDX-License-Identifier: Apache-2.0
#include "loop/on_core.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

namespace sluice::loop {
namespace {

using Checked = OnCoreChecked<true>;

TEST(OnCore, AnyThreadMayWhileNoneRunsTheLoop) {
  EventLoop loop;
  const Checked on_core(loop);
  EXPECT_TRUE(loop.is_here());
  on_core.here();
  std::thread([&] { on_core.here(); }).join();
  loop.stop();
  loop.run();
  on_core.here();
}

TEST(OnCore, TheThreadOfTheLoopMayWhileItRuns) {
  EventLoop loop;
  const Checked on_core(loop);
  bool seen = false;
  loop.post([&] {
    on_core.here();
    seen = loop.is_here();
    loop.stop();
  });
  std::thread([&] { loop.run(); }).join();
  EXPECT_TRUE(seen);
}

TEST(OnCoreDeathTest, AnotherThreadMayNot) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        EventLoop loop;
        const Checked on_core(loop);
        std::latch runs(1);
        loop.post([&] { runs.count_down(); });
        std::thread runner([&] { loop.run(); });
        runs.wait();
        on_core.here();
      },
      "used on the thread of that core");
}

TEST(OnCore, IsEmptyWhereItDoesNotCheck) {
  EventLoop loop;
  const OnCoreChecked<false> on_core(loop);
  on_core.here();
  EXPECT_TRUE(std::is_empty_v<OnCoreChecked<false>>);
  EXPECT_EQ((std::is_same_v<OnCore, Checked>), kDebugAsserts);
}

}  // namespace
}  // namespace sluice::loop
