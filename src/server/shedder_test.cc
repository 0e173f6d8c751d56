// SPDX-License-Identifier: Apache-2.0
#include "server/shedder.h"

#include <gtest/gtest.h>

#include <deque>

namespace sluice::server {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTarget = 200ms;
const TimePoint kBegin = TimePoint() + 1h;

class ShedderTest : public testing::Test {
 protected:
  void note_for(Duration how_long, Duration delay) {
    for (Duration at{}; at <= how_long; at += 10ms) shedder.note(now + at, delay, kTarget);
    now += how_long + delay;
  }
  // Of 320 requests at once.
  unsigned shed() {
    unsigned count = 0;
    for (int i = 0; i < 320; ++i) count += shedder.sheds(now, kTarget) ? 1 : 0;
    return count;
  }

  Shedder shedder;
  TimePoint now = kBegin;
};

TEST_F(ShedderTest, ShedsNothingBeforeTheFirstMeasurement) {
  EXPECT_EQ(shed(), 0U);
  EXPECT_FALSE(shedder.overloaded(now, kTarget));
}

TEST_F(ShedderTest, ADelayBelowTheTargetIsNoOverloadHoweverLong) {
  note_for(60s, kTarget - 1ms);
  EXPECT_EQ(shed(), 0U);
}

TEST_F(ShedderTest, AStandingQueueIsShedButForOneIn) {
  note_for(Shedder::kInterval, kTarget);
  EXPECT_TRUE(shedder.overloaded(now, kTarget));
  EXPECT_EQ(shed(), 320U - 320U / Shedder::kServedOneIn);
}

TEST_F(ShedderTest, AStallOfTheProcessIsNotAQueue) {
  // All probes on their way when it stood still come back at once, long after.
  for (Duration sent{}; sent < Shedder::kInterval; sent += 5ms)
    shedder.note(now + sent, 3s - sent, kTarget);
  now += 3s;
  EXPECT_EQ(shed(), 0U);
}

TEST_F(ShedderTest, ABurstThatIsWorkedOffIsNotShed) {
  note_for(Shedder::kInterval - 10ms, 2 * kTarget);
  shedder.note(now, 1ms, kTarget);
  note_for(Shedder::kInterval - 10ms, 2 * kTarget);
  EXPECT_EQ(shed(), 0U);
}

TEST_F(ShedderTest, OnceOverloadedEachMeasurementDecides) {
  note_for(Shedder::kInterval, kTarget);
  shedder.note(now, kTarget - 1ms, kTarget);
  EXPECT_EQ(shed(), 0U);
  EXPECT_TRUE(shedder.overloaded(now, kTarget));
  shedder.note(now, kTarget, kTarget);
  EXPECT_GT(shed(), 0U);
}

TEST_F(ShedderTest, TwiceTheTargetOrASecondAboveItIsTooMuchToRefuse) {
  EXPECT_FALSE(shedder.overwhelmed(now, kTarget));
  note_for(Shedder::kInterval, kTarget);
  EXPECT_FALSE(shedder.overwhelmed(now, kTarget));
  shedder.note(now, 2 * kTarget, kTarget);
  EXPECT_TRUE(shedder.overwhelmed(now, kTarget));
  shedder.note(now, kTarget, kTarget);
  EXPECT_FALSE(shedder.overwhelmed(now, kTarget));
  note_for(Shedder::kPatience, kTarget);
  EXPECT_TRUE(shedder.overwhelmed(now, kTarget));
  shedder.note(now, kTarget - 1ms, kTarget);
  EXPECT_FALSE(shedder.overwhelmed(now, kTarget));
  EXPECT_FALSE(shedder.overwhelmed(now, Duration::zero()));
}

TEST_F(ShedderTest, ForgetsWithinASecond) {
  note_for(Shedder::kInterval, 5 * kTarget);
  ASSERT_GT(shed(), 0U);
  now += Shedder::kMemory;
  EXPECT_EQ(shed(), 0U) << "a measurement that old says nothing";
  EXPECT_FALSE(shedder.overloaded(now, kTarget));
  shedder.note(now, kTarget, kTarget);
  EXPECT_EQ(shed(), 0U) << "it takes kInterval again";
}

TEST_F(ShedderTest, AHigherTargetEndsIt) {
  note_for(Shedder::kInterval, kTarget);
  ASSERT_GT(shed(), 0U);
  shedder.note(now, kTarget, 10 * kTarget);
  EXPECT_EQ(shed(), 0U);
}

TEST_F(ShedderTest, TargetZeroShedsAlways) {
  EXPECT_TRUE(shedder.overloaded(now, Duration::zero()));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(shedder.sheds(now, Duration::zero()));
}

// A core in a model: a queue first come first served, `load` times as many requests as it can
// serve, and refusing one costs the part `price` of serving it.
class Core {
 public:
  Core(double load, double price) : gap_(kCost / load), price_(price) {}

  struct Result {
    int served = 0;
    Duration longest{};  // that one who was served has waited
  };
  Result run(Duration how_long) {
    Result result;
    const TimePoint end = now_ + how_long;
    while (now_ < end) {
      for (; next_ <= now_; next_ += arrival_gap()) queue_.push_back({next_, false});
      if (queue_.empty()) {
        now_ = next_;
        continue;
      }
      const Item item = queue_.front();
      queue_.pop_front();
      if (item.is_probe) {
        --probes_;
        delay_ = now_ - item.came;
        shedder_.note(item.came, delay_, kTarget);
        continue;
      }
      if (probes_ < 8 && now_ >= next_probe_) {
        queue_.push_back({now_, true});
        ++probes_;
        next_probe_ = now_ + std::max<Duration>(5ms, delay_ / 8);
      }
      const bool shed = shedder_.sheds(now_, kTarget);
      if (!shed) {
        ++result.served;
        result.longest = std::max(result.longest, now_ - item.came);
      }
      now_ += std::chrono::duration_cast<Duration>(kCost * (shed ? price_ : 1));
    }
    return result;
  }
  void set_load(double load) { gap_ = kCost / load; }

  static constexpr std::chrono::duration<double, std::milli> kCost{1};

 private:
  struct Item {
    TimePoint came;
    bool is_probe;
  };
  [[nodiscard]] Duration arrival_gap() const { return std::chrono::duration_cast<Duration>(gap_); }

  Shedder shedder_;
  std::deque<Item> queue_;
  TimePoint now_ = kBegin;
  TimePoint next_ = kBegin;
  TimePoint next_probe_ = kBegin;
  std::chrono::duration<double, std::milli> gap_;
  double price_;
  Duration delay_{};
  int probes_ = 0;
};

TEST(ShedderModel, ServesWhatTheCoreCanAtTwiceAndTenTimesTheLoad) {
  for (const double load : {2.0, 10.0}) {
    Core core(load, 0.02);
    core.run(5s);
    const auto result = core.run(20s);
    EXPECT_GE(result.served, 20'000 * 0.7) << load;  // of 1,000 a second
    EXPECT_LE(result.longest, 5 * kTarget) << load;
    core.set_load(0.5);
    core.run(1s);
    const auto after = core.run(1s);
    EXPECT_NEAR(after.served, 500, 5) << load;
    EXPECT_LT(after.longest, kTarget / 10) << load;
  }
}

TEST(ShedderModel, LeavesACoreAloneThatKeepsUp) {
  Core core(0.95, 0.02);
  const auto result = core.run(20s);
  EXPECT_NEAR(result.served, 19'000, 50);
}

}  // namespace
}  // namespace sluice::server
