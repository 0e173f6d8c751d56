// SPDX-License-Identifier: Apache-2.0
// Covers: key_table.cc, limiter.cc
#include "filters/rate_limiter/periods.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "config/fields.h"
#include "filters/rate_limiter/limiter.h"

namespace sluice::filters {
namespace {

using namespace std::chrono_literals;

constexpr RatePolicy kFive{.period = 1s, .timeout = 0s, .limit = 5};
constexpr RatePolicy kPatient{.period = 1s, .timeout = 2s, .limit = 2};

int admitted(PeriodsWord& word, const RatePolicy& policy, Duration elapsed, int requests) {
  int count = 0;
  for (int i = 0; i < requests; ++i) count += take_place(word, policy, elapsed).admitted ? 1 : 0;
  return count;
}

TEST(Periods, AdmitTheLimitOfEachPeriod) {
  PeriodsWord word = 0;
  EXPECT_EQ(admitted(word, kFive, 0s, 9), 5);
  EXPECT_EQ(admitted(word, kFive, 999ms, 9), 0);
  EXPECT_EQ(admitted(word, kFive, 1s, 9), 5);
  EXPECT_EQ(admitted(word, kFive, 1h, 9), 5);
}

TEST(Periods, TellWhenToComeAgain) {
  PeriodsWord word = 0;
  EXPECT_EQ(take_place(word, kFive, 300ms).left, 4U);
  EXPECT_EQ(admitted(word, kFive, 300ms, 4), 4);
  const Verdict refused = take_place(word, kFive, 300ms);
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.wait, 700ms);
  EXPECT_EQ(refused.left, 0U);
}

// Two periods of two places each begin within the timeout, besides the one that runs.
TEST(Periods, ALaterPlaceIsAWait) {
  PeriodsWord word = 0;
  std::vector<Duration> waits;
  for (int i = 0; i < 6; ++i) waits.push_back(take_place(word, kPatient, 400ms).wait);
  EXPECT_EQ(waits, (std::vector<Duration>{0s, 0s, 600ms, 600ms, 1600ms, 1600ms}));
  EXPECT_FALSE(take_place(word, kPatient, 400ms).admitted);
  // The first of them have their places, so a third period is within reach.
  EXPECT_EQ(take_place(word, kPatient, 1s).wait, 2s);
}

TEST(Periods, APlaceOfTheLastPeriodReturns) {
  PeriodsWord word = 0;
  for (int i = 0; i < 3; ++i) (void)take_place(word, kPatient, 0s);
  const Verdict fourth = take_place(word, kPatient, 0s);
  EXPECT_EQ(fourth.cycle, 1U);
  give_back_place(word, kPatient, fourth.cycle, 500ms);
  EXPECT_EQ(places_in_use(word, kPatient, 500ms), 3U);
  EXPECT_EQ(take_place(word, kPatient, 500ms).cycle, 1U);
  // The fifth is of the period after: a place of the one before would make that too full.
  EXPECT_EQ(take_place(word, kPatient, 500ms).cycle, 2U);
  give_back_place(word, kPatient, 1, 500ms);
  EXPECT_EQ(places_in_use(word, kPatient, 500ms), 5U);
  // Its period has begun.
  give_back_place(word, kPatient, 2, 2s);
  EXPECT_EQ(places_in_use(word, kPatient, 2s), 1U);
}

TEST(Periods, HoldTheLargestLimits) {
  const RatePolicy policy{.period = 1ms, .timeout = 24h, .limit = kPlacesMax};
  PeriodsWord word = make_word(policy, kPlacesMax, 87'600h);
  EXPECT_EQ(places_in_use(word, policy, 87'600h), kPlacesMax);
  EXPECT_FALSE(take_place(word, policy, 87'600h).admitted);
  EXPECT_TRUE(take_place(word, policy, 87'600h + 1ms).admitted);
}

// Requests of all cores, and a period that ends meanwhile.
TEST(Periods, AreExactOverCores) {
  constexpr int kThreads = 8;
  constexpr RatePolicy kMany{.period = 1s, .timeout = 0s, .limit = 10'000};
  PeriodsWord word = 0;
  std::atomic<int> ok[2] = {0, 0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 6'000; ++j) {
        const Verdict verdict = take_place(word, kMany, j < 3'000 ? 0s : 1s);
        if (verdict.admitted) ++ok[verdict.cycle];
      }
    });
  }
  threads.clear();
  EXPECT_LE(ok[0], 10'000);
  EXPECT_EQ(ok[1], 10'000);
  EXPECT_EQ(places_in_use(word, kMany, 1s), 10'000U);
}

TEST(KeyTable, CountsEachKey) {
  KeyTable table(64);
  const auto none = [] { return PeriodsWord{0}; };
  for (const char* key : {"a", "b"}) {
    int count = 0;
    for (int i = 0; i < 9; ++i) count += table.take(key, kFive, 0s, none).admitted ? 1 : 0;
    EXPECT_EQ(count, 5) << key;
  }
  EXPECT_EQ(table.in_use("a", kFive, 0s), 5U);
  EXPECT_EQ(table.in_use("c", kFive, 0s), 0U);
}

// A key without places in use gives its record away; with places it keeps it.
TEST(KeyTable, IsCountedInTheBudgetOnce) {
  MemoryBudget budget(1 << 20, 2);
  {
    KeyTable table(64);
    table.charge(&budget);
    table.charge(&budget);
    EXPECT_EQ(budget.held(MemoryUse::filter_caches), 64U * 16);
  }
  EXPECT_EQ(budget.held(MemoryUse::filter_caches), 0U);
}

TEST(KeyTable, RefusesAKeyWithoutRoomUntilThereIsSome) {
  KeyTable table(8);
  const auto none = [] { return PeriodsWord{0}; };
  for (int i = 0; i < 8; ++i)
    EXPECT_TRUE(table.take(std::to_string(i), kFive, 0s, none).admitted) << i;
  EXPECT_FALSE(table.take("late", kFive, 0s, none).admitted);
  EXPECT_TRUE(table.take("7", kFive, 0s, none).admitted);
  EXPECT_TRUE(table.take("late", kFive, 1s, none).admitted);
  EXPECT_EQ(table.in_use("late", kFive, 1s), 1U);
}

// Asks twice for each key, in step with the other threads.
void ask_in_step(KeyTable& table, std::atomic<int>& step, int threads,
                 std::vector<std::atomic<int>>& ok) {
  const auto none = [] { return PeriodsWord{0}; };
  for (std::size_t key = 0; key < ok.size(); ++key) {
    ++step;
    while (step < (static_cast<int>(key) + 1) * threads) std::this_thread::yield();
    for (int j = 0; j < 2; ++j) {
      if (table.take(std::to_string(key), kFive, 0s, none).admitted) ++ok[key];
    }
  }
}

// The threads meet at keys that nobody has used yet.
TEST(KeyTable, IsExactForNewKeysOfAllCores) {
  constexpr int kThreads = 4;
  constexpr int kKeys = 3'000;
  KeyTable table(kKeys * 16);
  std::vector<std::atomic<int>> ok(kKeys);
  std::atomic<int> step = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] { ask_in_step(table, step, kThreads, ok); });
  }
  threads.clear();
  for (int key = 0; key < kKeys; ++key) ASSERT_EQ(ok[key], 5) << key;
}

class LimiterTest : public ::testing::Test {
 protected:
  static int take(const Limiter::Terms& terms, const RatePolicy& policy, TimePoint now,
                  const std::string& key = "") {
    int count = 0;
    for (int i = 0; i < 20; ++i)
      count += terms.counts->take(key, policy, now, terms.before).admitted ? 1 : 0;
    return count;
  }
  TimePoint start_ = Clock::now();
};

TEST_F(LimiterTest, ANewLimitCountsWhatTheOldOneHasAdmitted) {
  Limiter limiter(0);
  const auto before = limiter.terms(kFive, start_);
  EXPECT_EQ(take(before, kFive, start_), 5);
  const RatePolicy eight{.period = 1s, .timeout = 0s, .limit = 8};
  const auto after = limiter.terms(eight, start_);
  EXPECT_EQ(after.counts, before.counts);
  EXPECT_EQ(take(after, eight, start_), 3);
  EXPECT_EQ(take(after, eight, start_ + 1s), 8);
}

TEST_F(LimiterTest, ANewPeriodBeginsWithThePlacesInUse) {
  for (const std::size_t keys : {0, 64}) {
    Limiter limiter(keys);
    const auto before = limiter.terms(kFive, start_);
    EXPECT_EQ(take(before, kFive, start_, "a"), 5);
    const RatePolicy longer{.period = 10s, .timeout = 0s, .limit = 8};
    // A generation that does not come into force.
    (void)limiter.terms({.period = 3s, .timeout = 0s, .limit = 1}, start_);
    const auto after = limiter.terms(longer, start_);
    EXPECT_EQ(take(after, longer, start_, "a"), 3);
    EXPECT_EQ(take(after, longer, start_ + 2s, "a"), 0);
    EXPECT_EQ(take(after, longer, start_ + 10s, "a"), 8);
    EXPECT_EQ(limiter.terms(kFive, start_).counts, before.counts) << "still in use";
  }
}

TEST_F(LimiterTest, PassesOnWhatItKnows) {
  const RatePolicy hour{.period = 1h, .timeout = 0s, .limit = 5};
  Limiter old(0);
  const auto before = old.terms(hour, Clock::now());
  EXPECT_EQ(take(before, hour, Clock::now()), 5);
  const auto note = config::parse_document(old.knowledge().dump());
  ASSERT_TRUE(note);
  Limiter fresh(0);
  fresh.learn(*note);
  const auto after = fresh.terms(hour, Clock::now());
  EXPECT_EQ(take(after, hour, Clock::now()), 0);
  Limiter deaf(0);
  deaf.learn(*config::parse_document("{period: -1}"));
  const auto anew = deaf.terms(hour, Clock::now());
  EXPECT_EQ(take(anew, hour, Clock::now()), 5);
}

}  // namespace
}  // namespace sluice::filters
