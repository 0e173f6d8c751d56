// SPDX-License-Identifier: Apache-2.0
#include "loop/frames.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <thread>
#include <vector>

#include "loop/event_loop.h"

namespace sluice::loop {
namespace {

class FramesTest : public ::testing::Test {
 protected:
  FramesTest() { frames::drain(); }
  ~FramesTest() override { frames::drain(); }

  static constexpr bool reuses() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#else
    return true;
#endif
  }
};

TEST_F(FramesTest, AFrameHasAllItsBytesAndItsOwn) {
  constexpr std::array<std::size_t, 7> kSizes{1, 63, 64, 65, 1000, 4096, 5000};
  for (int round = 0; round < 3; ++round) {
    std::vector<char*> held;
    for (const std::size_t size : kSizes) {
      held.push_back(static_cast<char*>(frames::take(size)));
      std::memset(held.back(), static_cast<int>(held.size()), size);
    }
    for (std::size_t i = 0; i < held.size(); ++i) {
      for (std::size_t at = 0; at < kSizes[i]; ++at)
        ASSERT_EQ(held[i][at], static_cast<char>(i + 1));
    }
    for (std::size_t i = 0; i < held.size(); ++i) frames::give(held[i], kSizes[i]);
  }
}

TEST_F(FramesTest, WhatIsKeptHasABound) {
  std::vector<void*> held;
  for (std::size_t bytes = 0; bytes <= 2 * frames::kKeptBytesMax; bytes += 1024)
    held.push_back(frames::take(1000));
  for (void* frame : held) {
    frames::give(frame, 1000);
    EXPECT_LE(frames::kept(), frames::kKeptBytesMax);
  }
  if (reuses()) {
    EXPECT_GT(frames::kept(), frames::kKeptBytesMax - 1024);
  }
}

TEST_F(FramesTest, TheNewestIsHandedOutFirst) {
  if (!reuses()) GTEST_SKIP() << "a sanitizer sees every frame";
  void* const one = frames::take(200);
  void* const other = frames::take(200);
  frames::give(one, 200);
  frames::give(other, 200);
  EXPECT_EQ(frames::take(250), other);
  EXPECT_EQ(frames::take(193), one);
  EXPECT_EQ(frames::kept(), 0U);
  frames::give(one, 193);
  frames::give(other, 250);
}

Task<int> number(int n) { co_return n; }

Task<int> sum_below(int n) {
  int total = 0;
  for (int i = 0; i < n; ++i) total += co_await number(i);
  co_return total;
}

TEST_F(FramesTest, CoroutinesUseThem) {
  if (!reuses()) GTEST_SKIP() << "a sanitizer sees every frame";
  auto task = sum_below(100);
  task.start();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take(), 4950);
  task.reset();
  EXPECT_GT(frames::kept(), 0U);
  EXPECT_LT(frames::kept(), 1024U);
}

TEST_F(FramesTest, ALoopThatEndsKeepsNothing) {
  std::size_t kept = 1;
  std::thread([&kept] {
    EventLoop loop;
    loop.spawn([](EventLoop& l) -> Task<> {
      co_await number(1);
      l.stop();
    }(loop));
    loop.run();
    kept = frames::kept();
  }).join();
  EXPECT_EQ(kept, 0U);
}

}  // namespace
}  // namespace sluice::loop
