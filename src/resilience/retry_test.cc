// SPDX-License-Identifier: Apache-2.0
// Covers: retry_budget.cc
#include "resilience/retry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "resilience/testing/start.h"

namespace sluice::resilience {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Retry, MaxAttemptsCountsTheFirstTry) {
  Retry retry({}, kStart);
  EXPECT_TRUE(retry.may_retry(1, "GET", false, kStart));
  EXPECT_TRUE(retry.may_retry(2, "GET", false, kStart));
  EXPECT_FALSE(retry.may_retry(3, "GET", false, kStart));
}

TEST(Retry, OtherMethodsOnlyIfNoBackendHasTheRequest) {
  Retry retry({}, kStart);
  EXPECT_FALSE(retry.may_retry(1, "POST", false, kStart));
  EXPECT_TRUE(retry.may_retry(1, "POST", true, kStart));
  RetrySpec spec;
  spec.methods = {"POST"};
  Retry posts(spec, kStart);
  EXPECT_TRUE(posts.may_retry(1, "POST", false, kStart));
  EXPECT_FALSE(posts.may_retry(1, "GET", false, kStart));
}

TEST(Retry, Waits) {
  std::minstd_rand random(1);
  Retry constant({}, kStart);
  EXPECT_EQ(constant.wait_after(1, random), milliseconds(500));
  EXPECT_EQ(constant.wait_after(3, random), milliseconds(500));
  for (const char* spelling : {"exponential", "EXPONENTIAL"}) {
    RetrySpec spec;
    spec.back_off_policy = spelling;
    Retry growing(spec, kStart);
    EXPECT_EQ(growing.wait_after(1, random), milliseconds(500));
    EXPECT_EQ(growing.wait_after(2, random), milliseconds(750));
    EXPECT_EQ(growing.wait_after(3, random), milliseconds(1125));
    EXPECT_EQ(growing.wait_after(100, random), minutes(1));
  }
}

TEST(Retry, WaitsDifferByTheFactor) {
  std::minstd_rand random(1);
  RetrySpec spec;
  spec.randomization_factor = 0.5;
  Retry retry(spec, kStart);
  Duration shortest = minutes(1);
  Duration longest{};
  for (int i = 0; i < 1000; ++i) {
    const Duration wait = retry.wait_after(1, random);
    shortest = std::min(shortest, wait);
    longest = std::max(longest, wait);
  }
  EXPECT_GE(shortest, milliseconds(250));
  EXPECT_LT(shortest, milliseconds(300));
  EXPECT_LE(longest, milliseconds(750));
  EXPECT_GT(longest, milliseconds(700));
}

int take_all(RetryBudget& budget, TimePoint now) {
  int taken = 0;
  while (budget.take(now)) ++taken;
  return taken;
}

TEST(RetryBudget, RequestsPayIn) {
  RetryBudget budget(20, 0, kStart);
  EXPECT_EQ(take_all(budget, kStart), 10) << "it begins full";
  for (int i = 0; i < 4; ++i) budget.on_request();
  EXPECT_EQ(take_all(budget, kStart), 0);
  budget.on_request();
  EXPECT_EQ(take_all(budget, kStart), 1) << "20 % of 5 requests";
  for (int i = 0; i < 1000; ++i) budget.on_request();
  EXPECT_EQ(take_all(budget, kStart), 10) << "it holds no more";
}

TEST(RetryBudget, TimePaysIn) {
  RetryBudget budget(0, 5, kStart);
  EXPECT_EQ(take_all(budget, kStart), 50);
  EXPECT_EQ(take_all(budget, kStart + milliseconds(100)), 0);
  EXPECT_EQ(take_all(budget, kStart + milliseconds(300)), 1);
  EXPECT_EQ(take_all(budget, kStart + seconds(1000)), 50);
}

TEST(RetryBudget, NoneAtAll) {
  RetryBudget budget(0, 0, kStart);
  budget.on_request();
  EXPECT_EQ(take_all(budget, kStart + seconds(10)), 0);
}

TEST(RetryBudget, ManyCoresTakeNoMoreThanWasPaidIn) {
  RetryBudget budget(20, 0, kStart);
  std::atomic<int> taken{0};
  std::vector<std::thread> cores;
  for (int core = 0; core < 4; ++core) {
    cores.emplace_back([&] {
      for (int i = 0; i < 50'000; ++i) {
        budget.on_request();
        if (budget.take(kStart)) ++taken;
      }
    });
  }
  for (auto& core : cores) core.join();
  EXPECT_LE(taken, 10 + 200'000 / 5);
  EXPECT_GT(taken, 30'000);
}

}  // namespace
}  // namespace sluice::resilience
