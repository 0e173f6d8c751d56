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
  PeriodsWord word = make_word(std::chrono::milliseconds(87'600h).count(), kPlacesMax);
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

// A period of 1.5 ms begins between two ticks.
TEST(Periods, AreExactWhereNoTickBegins) {
  const RatePolicy policy{.period = 1500us, .timeout = 0s, .limit = 2};
  PeriodsWord word = 0;
  for (int period = 0; period < 50; ++period) {
    for (const Duration into : {0us, 700us, 1499us})
      EXPECT_EQ(admitted(word, policy, policy.period * period + into, 1), into > 1ms ? 0 : 1)
          << period;
  }
}

// A place counts in the period of the last change, whatever policy reads the word.
TEST(Periods, GoOnUnderAnotherPolicy) {
  const RatePolicy hour{.period = 1h, .timeout = 0s, .limit = 10};
  const RatePolicy two{.period = 2h, .timeout = 0s, .limit = 10};
  const RatePolicy minute{.period = 1min, .timeout = 0s, .limit = 10};
  PeriodsWord word = 0;
  EXPECT_EQ(admitted(word, hour, 10min, 5), 5);
  EXPECT_EQ(admitted(word, two, 20min, 4), 4);
  EXPECT_EQ(admitted(word, hour, 30min, 9), 1);
  EXPECT_EQ(admitted(word, two, 40min, 9), 0);
  EXPECT_EQ(admitted(word, minute, 30min + 59s, 9), 0) << "the last one came in this minute";
  EXPECT_EQ(admitted(word, minute, 31min, 19), 10);
  EXPECT_EQ(admitted(word, hour, 32min, 9), 0);
}

// Else the places of the higher limit would fill ten thousand periods.
TEST(Periods, ALowerLimitOwesNothing) {
  const RatePolicy high{.period = 1s, .timeout = 0s, .limit = 50'000};
  PeriodsWord word = 0;
  EXPECT_EQ(admitted(word, high, 0s, 50'000), 50'000);
  EXPECT_EQ(admitted(word, kFive, 0s, 9), 0);
  EXPECT_EQ(admitted(word, kFive, 1s, 9), 5);
}

TEST(KeyTable, CountsEachKey) {
  KeyTable table(64);
  for (const char* key : {"a", "b"}) {
    int count = 0;
    for (int i = 0; i < 9; ++i) count += table.take(key, kFive, 0s).admitted ? 1 : 0;
    EXPECT_EQ(count, 5) << key;
  }
  EXPECT_EQ(table.in_use("a", kFive, 0s), 5U);
  EXPECT_EQ(table.in_use("c", kFive, 0s), 0U);
}

TEST(KeyTable, IsCountedInTheBudgetOnce) {
  MemoryBudget budget(1 << 20, 2);
  {
    KeyTable table(64);
    table.charge(&budget);
    table.charge(&budget);
    EXPECT_EQ(budget.held(MemoryUse::filter_caches), 2 * 64U * 16);
  }
  EXPECT_EQ(budget.held(MemoryUse::filter_caches), 0U);
}

// The keys that have taken a place in a period, and no others, have one in it.
TEST(KeyTable, RefusesKeysBeyondItsNumber) {
  for (const int keys : {1, 64, 100, 65'536}) {
    KeyTable table(static_cast<std::size_t>(keys));
    const auto let_in = [&](int begin, Duration elapsed) {
      int count = 0;
      for (int key = begin; key < begin + 2 * keys; ++key)
        count += table.take(std::to_string(key), kFive, elapsed).admitted ? 1 : 0;
      return count;
    };
    EXPECT_EQ(let_in(0, 0s), keys);
    EXPECT_FALSE(table.take("late", kFive, 0s).admitted);
    EXPECT_TRUE(table.take("0", kFive, 0s).admitted);
    EXPECT_TRUE(table.take("late", kFive, 1s).admitted);
    EXPECT_EQ(table.in_use("late", kFive, 1s), 1U);
    EXPECT_EQ(let_in(keys, 2s), keys);
  }
}

// All threads bring the same new keys, of which half find room. A key counts twice if a thread
// stops for long while it takes the first place.
TEST(KeyTable, CountsItsKeysOverCores) {
  constexpr int kKeys = 2'000;
  const RatePolicy many{.period = 1s, .timeout = 0s, .limit = 1'000};
  for (int round = 0; round < 5; ++round) {
    KeyTable table(kKeys / 2);
    std::vector<std::atomic<int>> ok(kKeys);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int key = 0; key < kKeys; ++key)
          ok[static_cast<std::size_t>(key)] +=
              table.take(std::to_string(key), many, 0s).admitted ? 1 : 0;
      });
    }
    threads.clear();
    const auto let_in = std::ranges::count_if(ok, [](const auto& each) { return each > 0; });
    EXPECT_LE(let_in, kKeys / 2);
    EXPECT_GT(let_in, kKeys / 2 - kKeys / 20);
  }
}

// Asks twice for each key, in step with the other threads.
void ask_in_step(KeyTable& table, std::atomic<int>& step, int threads,
                 std::vector<std::atomic<int>>& ok) {
  for (std::size_t key = 0; key < ok.size(); ++key) {
    ++step;
    while (step < (static_cast<int>(key) + 1) * threads) std::this_thread::yield();
    for (int j = 0; j < 2; ++j) {
      if (table.take(std::to_string(key), kFive, 0s).admitted) ++ok[key];
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
  static int take(Limiter& limiter, const RatePolicy& policy, TimePoint now,
                  const std::string& key = "") {
    int count = 0;
    for (int i = 0; i < 20; ++i) count += limiter.take(key, policy, now).admitted ? 1 : 0;
    return count;
  }
};

TEST_F(LimiterTest, GenerationsShareTheCount) {
  const RatePolicy eight{.period = 10s, .timeout = 0s, .limit = 8};
  for (const std::size_t keys : {0, 64}) {
    Limiter limiter(keys);
    const TimePoint start = Clock::now();
    EXPECT_EQ(take(limiter, kFive, start, "a"), 5);
    EXPECT_EQ(take(limiter, eight, start, "a"), 3);
    EXPECT_EQ(take(limiter, kFive, start, "a"), 0);
    EXPECT_EQ(take(limiter, eight, start + 2s, "a"), 0);
    EXPECT_EQ(take(limiter, eight, start + 11s, "a"), 8);
  }
}

TEST_F(LimiterTest, PassesOnWhatItKnows) {
  const RatePolicy hour{.period = 1h, .timeout = 0s, .limit = 5};
  const RatePolicy two{.period = 2h, .timeout = 0s, .limit = 6};
  Limiter old(0);
  EXPECT_EQ(take(old, hour, Clock::now()), 5);
  const auto note = config::parse_document(old.knowledge().dump());
  ASSERT_TRUE(note);
  for (const RatePolicy& policy : {hour, two}) {
    Limiter fresh(0);
    fresh.learn(*note);
    EXPECT_EQ(take(fresh, policy, Clock::now()), policy.limit - 5);
  }
  Limiter deaf(0);
  deaf.learn(*config::parse_document("{start: -1}"));
  EXPECT_EQ(take(deaf, hour, Clock::now()), 5);
}

}  // namespace
}  // namespace sluice::filters
