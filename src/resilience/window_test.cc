// SPDX-License-Identifier: Apache-2.0
#include "resilience/window.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "resilience/testing/start.h"

namespace sluice::resilience {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// "total failed slow"
std::string text(const Tally& tally) {
  return std::to_string(tally.total) + " " + std::to_string(tally.failed) + " " +
         std::to_string(tally.slow);
}

TEST(CountWindow, HoldsTheLastCalls) {
  CountWindow window(3);
  EXPECT_EQ(text(window.tally(kStart)), "0 0 0");
  window.record(CallOutcome::failed, kStart);
  window.record(CallOutcome::slow, kStart);
  EXPECT_EQ(text(window.tally(kStart)), "2 1 1");
  window.record(CallOutcome::ok, kStart);
  EXPECT_EQ(text(window.tally(kStart)), "3 1 1");
  window.record(CallOutcome::ok, kStart);
  EXPECT_EQ(text(window.tally(kStart)), "3 0 1") << "the failure was the oldest";
  window.record(CallOutcome::failed, kStart);
  EXPECT_EQ(text(window.tally(kStart)), "3 1 0");
  window.clear();
  EXPECT_EQ(text(window.tally(kStart)), "0 0 0");
}

TEST(TimeWindow, HoldsTheLastSeconds) {
  TimeWindow window(3);
  window.record(CallOutcome::failed, kStart);
  window.record(CallOutcome::slow, kStart + milliseconds(999));
  window.record(CallOutcome::ok, kStart + seconds(1));
  EXPECT_EQ(text(window.tally(kStart + seconds(2))), "3 1 1");
  EXPECT_EQ(text(window.tally(kStart + seconds(3))), "1 0 0") << "the first second is over";
  EXPECT_EQ(text(window.tally(kStart + seconds(4))), "0 0 0");
}

TEST(TimeWindow, ForgetsAfterALongSilence) {
  TimeWindow window(3);
  for (int i = 0; i < 3; ++i) window.record(CallOutcome::failed, kStart + seconds(i));
  window.record(CallOutcome::ok, kStart + seconds(1000));
  EXPECT_EQ(text(window.tally(kStart + seconds(1000))), "1 0 0");
  window.record(CallOutcome::ok, kStart + seconds(999));
  EXPECT_EQ(text(window.tally(kStart + seconds(1000))), "2 0 0") << "a clock read a little earlier";
}

// One thread per core.
void on_cores(const auto& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work, i);
  for (auto& thread : threads) thread.join();
}

TEST(CountWindow, ManyCoresLeaveExactSums) {
  CountWindow window(64);
  on_cores([&](int core) {
    for (int i = 0; i < 20'000; ++i) {
      window.record(core % 2 == 0 ? CallOutcome::failed : CallOutcome::slow, kStart);
      if (core == 0 && i % 1000 == 0) window.clear();
    }
  });
  for (int i = 0; i < 64; ++i) window.record(CallOutcome::ok, kStart);
  EXPECT_EQ(text(window.tally(kStart)), "64 0 0");
}

TEST(TimeWindow, ManyCoresLeaveExactSums) {
  TimeWindow window(5);
  on_cores([&](int) {
    for (int i = 0; i < 20'000; ++i) window.record(CallOutcome::failed, kStart + milliseconds(i));
  });
  EXPECT_EQ(text(window.tally(kStart + seconds(100))), "0 0 0");
}

}  // namespace
}  // namespace sluice::resilience
