// SPDX-License-Identifier: Apache-2.0
#include "resilience/circuit_breaker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "resilience/testing/start.h"

namespace sluice::resilience {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class CircuitBreakerTest : public testing::Test {
 protected:
  void use(const CircuitBreakerSpec& spec) { breaker_ = std::make_unique<CircuitBreaker>(spec); }
  static CircuitBreakerSpec small() {
    CircuitBreakerSpec spec;
    spec.sliding_window_size = 10;
    spec.minimum_number_of_calls = 4;
    spec.permitted_in_half_open = 3;
    return spec;
  }
  // False: refused.
  bool call(bool failed, Duration duration = {}) {
    auto permit = breaker_->acquire(now_);
    if (!permit) return false;
    permit->finish(failed, now_ + duration);
    return true;
  }
  void open() {
    while (breaker_->state() == "CLOSED") ASSERT_TRUE(call(true));
    ASSERT_EQ(breaker_->state(), "OPEN");
  }
  void half_open() {
    open();
    now_ += breaker_->spec().wait_in_open;
  }

  TimePoint now_ = kStart;
  std::unique_ptr<CircuitBreaker> breaker_;
};

TEST_F(CircuitBreakerTest, OpensAtTheRateOnceThereAreEnoughCalls) {
  use(small());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(call(true));
  EXPECT_EQ(breaker_->state(), "CLOSED") << "three calls are too few to judge";
  EXPECT_TRUE(call(false));
  EXPECT_EQ(breaker_->state(), "OPEN") << "75 % of 4";
  EXPECT_FALSE(call(false));
  EXPECT_EQ(breaker_->status(now_)["shortCircuited"], 1);
}

TEST_F(CircuitBreakerTest, AnotherProcessGoesOnWithItsState) {
  use(small());
  EXPECT_EQ(breaker_->open_for(now_), std::nullopt);
  open();
  now_ += seconds(20);
  const auto left = breaker_->open_for(now_);
  ASSERT_EQ(left, breaker_->spec().wait_in_open - seconds(20));
  use(small());
  breaker_->open(*left, now_);
  EXPECT_EQ(breaker_->state(), "OPEN");
  now_ += *left - seconds(1);
  EXPECT_FALSE(call(false));
  EXPECT_EQ(breaker_->status(now_)["state"], "OPEN");
  now_ += seconds(1);
  EXPECT_EQ(breaker_->status(now_)["state"], "HALF_OPEN") << "without a call";
  EXPECT_TRUE(call(false)) << "half open";
  EXPECT_EQ(breaker_->open_for(now_), Duration::zero());
  use(small());
  breaker_->open(Duration::zero(), now_);
  EXPECT_TRUE(call(false));
  EXPECT_EQ(breaker_->state(), "HALF_OPEN");
}

TEST_F(CircuitBreakerTest, StaysClosedBelowTheRate) {
  use(small());
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(call(false));
    EXPECT_TRUE(call(false));
    EXPECT_TRUE(call(true));
  }
}

TEST_F(CircuitBreakerTest, ExactlyTheThresholdOpens) {
  use(small());
  for (const bool failed : {false, true, false, true}) EXPECT_TRUE(call(failed));
  EXPECT_EQ(breaker_->state(), "OPEN");
}

TEST_F(CircuitBreakerTest, MoreThanAWindowIsNeverAwaited) {
  auto spec = small();
  spec.minimum_number_of_calls = 100;
  use(spec);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(call(true));
  EXPECT_EQ(breaker_->state(), "OPEN");
}

TEST_F(CircuitBreakerTest, OpensOnSlowCalls) {
  auto spec = small();
  spec.slow_call_rate_threshold = 50;
  use(spec);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(call(false, minutes(1)));
    EXPECT_TRUE(call(false, minutes(1) - milliseconds(1)));
  }
  EXPECT_EQ(breaker_->state(), "OPEN");
}

TEST_F(CircuitBreakerTest, HalfOpenLetsThePermittedInAndCloses) {
  use(small());
  half_open();
  std::vector<CircuitBreaker::Permit> permits;
  for (int i = 0; i < 3; ++i) {
    auto permit = breaker_->acquire(now_);
    ASSERT_TRUE(permit);
    permits.push_back(std::move(*permit));
  }
  EXPECT_EQ(breaker_->state(), "HALF_OPEN");
  EXPECT_FALSE(breaker_->acquire(now_)) << "three are permitted";
  for (auto& permit : permits) permit.finish(false, now_);
  EXPECT_EQ(breaker_->state(), "CLOSED");
  EXPECT_TRUE(call(true));
}

TEST_F(CircuitBreakerTest, HalfOpenOpensAgainOnFailures) {
  use(small());
  half_open();
  EXPECT_TRUE(call(true));
  EXPECT_TRUE(call(false));
  EXPECT_TRUE(call(true));
  EXPECT_EQ(breaker_->state(), "OPEN");
  now_ += breaker_->spec().wait_in_open - milliseconds(1);
  EXPECT_FALSE(call(false)) << "it waits anew";
  now_ += milliseconds(1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(call(false));
  EXPECT_EQ(breaker_->state(), "CLOSED");
}

TEST_F(CircuitBreakerTest, ClientThatLeavesSaysNothing) {
  use(small());
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(breaker_->acquire(now_));
  EXPECT_EQ(breaker_->status(now_)["calls"], 0);
  half_open();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(breaker_->acquire(now_)) << "its place is free again";
  EXPECT_EQ(breaker_->state(), "HALF_OPEN");
}

TEST_F(CircuitBreakerTest, HalfOpenWaitsNoLongerThanToldTo) {
  auto spec = small();
  spec.max_wait_in_half_open = seconds(5);
  use(spec);
  half_open();
  std::vector<CircuitBreaker::Permit> stuck;
  for (int i = 0; i < 3; ++i) stuck.push_back(std::move(*breaker_->acquire(now_)));
  now_ += seconds(4);
  EXPECT_FALSE(breaker_->acquire(now_));
  EXPECT_EQ(breaker_->state(), "HALF_OPEN");
  now_ += seconds(1);
  EXPECT_FALSE(breaker_->acquire(now_));
  EXPECT_EQ(breaker_->state(), "OPEN");
  stuck.front().finish(false, now_);
  EXPECT_EQ(breaker_->state(), "OPEN") << "what an older state began counts no more";
}

// Slow clients may hold all permits. Then one more call is admitted each second.
TEST_F(CircuitBreakerTest, CallsThatTakeLongDoNotKeepItHalfOpen) {
  use(small());
  half_open();
  std::vector<CircuitBreaker::Permit> slow;
  for (int i = 0; i < 3; ++i) slow.push_back(std::move(*breaker_->acquire(now_)));
  EXPECT_FALSE(call(false));
  for (int i = 0; i < 3; ++i) {
    now_ += seconds(1);
    EXPECT_TRUE(call(false));
  }
  EXPECT_EQ(breaker_->state(), "CLOSED");
}

TEST_F(CircuitBreakerTest, TimeThatIsNotTheBackendsMakesNoSlowCall) {
  auto spec = small();
  spec.slow_call_duration_threshold = seconds(1);
  use(spec);
  for (int i = 0; i < 2; ++i) {
    auto permit = breaker_->acquire(now_);
    permit->finish(false, now_ + seconds(60), seconds(i == 0 ? 60 : 59));
  }
  EXPECT_EQ(breaker_->status(now_)["slow"], 1);
}

TEST_F(CircuitBreakerTest, ResultsOfAnOlderStateAreDropped) {
  use(small());
  auto old = std::move(*breaker_->acquire(now_));
  half_open();
  auto fresh = breaker_->acquire(now_);
  old.finish(true, now_);
  EXPECT_EQ(breaker_->status(now_)["calls"], 0);
  fresh->finish(false, now_);
  EXPECT_EQ(breaker_->status(now_)["calls"], 1);
}

TEST_F(CircuitBreakerTest, ALaterStateOfTheSameNameDropsThemToo) {
  use(small());
  auto of_closed = std::move(*breaker_->acquire(now_));
  half_open();
  auto of_half_open = std::move(*breaker_->acquire(now_));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(call(false));
  now_ += milliseconds(1500);
  EXPECT_TRUE(call(false)) << "beside the one that takes long";
  ASSERT_EQ(breaker_->state(), "CLOSED");
  of_closed.finish(true, now_);
  EXPECT_EQ(breaker_->status(now_)["calls"], 0);
  half_open();
  EXPECT_TRUE(call(false));
  of_half_open.finish(true, now_);
  EXPECT_EQ(breaker_->status(now_)["calls"], 1);
}

TEST_F(CircuitBreakerTest, EachHalfOpenBeginsAnew) {
  use(small());
  half_open();
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(call(true));
    EXPECT_TRUE(call(true));
    EXPECT_EQ(breaker_->state(), "HALF_OPEN") << "two are too few to judge, in round " << round;
    EXPECT_TRUE(call(true));
    EXPECT_EQ(breaker_->state(), "OPEN");
    now_ += breaker_->spec().wait_in_open;
  }
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(call(false));
  EXPECT_EQ(breaker_->state(), "CLOSED");
  EXPECT_EQ(breaker_->status(now_)["calls"], 0) << "nor does closed know of earlier failures";
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(call(true));
  EXPECT_EQ(breaker_->state(), "CLOSED");
}

TEST_F(CircuitBreakerTest, APermitOfAnOlderHalfOpenFreesNoPlace) {
  use(small());
  half_open();
  auto old = breaker_->acquire(now_);
  ASSERT_TRUE(old);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(call(true));
  now_ += milliseconds(1500);
  EXPECT_TRUE(call(true)) << "beside the one that takes long";
  ASSERT_EQ(breaker_->state(), "OPEN");
  now_ += breaker_->spec().wait_in_open;
  std::vector<CircuitBreaker::Permit> held;
  for (int i = 0; i < 3; ++i) held.push_back(std::move(*breaker_->acquire(now_)));
  old.reset();
  EXPECT_FALSE(breaker_->acquire(now_)) << "three are permitted, and held";
}

TEST_F(CircuitBreakerTest, RefusedCallsTakeNoPlaceOfTheHalfOpen) {
  use(small());
  half_open();
  std::vector<CircuitBreaker::Permit> held;
  for (int i = 0; i < 3; ++i) held.push_back(std::move(*breaker_->acquire(now_)));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(breaker_->acquire(now_));
  held.clear();
  EXPECT_TRUE(breaker_->acquire(now_)) << "all three have left without a word";
}

TEST_F(CircuitBreakerTest, SecondsAreAWindowToo) {
  auto spec = small();
  spec.sliding_window_type = "TIME_BASED";
  use(spec);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(call(true));
  now_ += seconds(10);
  EXPECT_TRUE(call(true));
  EXPECT_EQ(breaker_->state(), "CLOSED") << "the three are ten seconds old";
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(call(true));
  EXPECT_EQ(breaker_->state(), "OPEN");
}

TEST_F(CircuitBreakerTest, ManyCoresGetThePermittedCallsAndNoMore) {
  for (int round = 0; round < 200; ++round) {
    use(small());
    half_open();
    std::atomic<int> admitted{0};
    std::vector<std::thread> cores;
    for (int core = 0; core < 4; ++core) {
      cores.emplace_back([&] {
        std::vector<CircuitBreaker::Permit> held;
        for (int i = 0; i < 50; ++i) {
          auto permit = breaker_->acquire(now_);
          if (!permit) continue;
          ++admitted;
          held.push_back(std::move(*permit));
        }
        for (auto& permit : held) permit.finish(true, now_);
      });
    }
    for (auto& core : cores) core.join();
    EXPECT_EQ(admitted, 3);
    EXPECT_EQ(breaker_->state(), "OPEN");
    EXPECT_EQ(breaker_->status(now_)["opened"], 2);
  }
}

}  // namespace
}  // namespace sluice::resilience
