// SPDX-License-Identifier: Apache-2.0
#include "server/places.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "loop/event_loop.h"
#include "loop/join.h"

namespace sluice::server {
namespace {

using PlacesPtr = std::shared_ptr<Places>;

Task<void> wait_once(PlacesPtr places, const loop::Core& core, std::uint32_t max, int& woken) {
  co_await places->wait(core, max);
  ++woken;
}

// Takes a place, and releases it after other work has run.
Task<void> use_one(PlacesPtr places, const loop::Core& core, std::uint32_t max,
                   std::atomic<int>& left, std::atomic<std::uint32_t>& most) {
  while (!places->take(max)) {
    co_await places->wait(core, max);
  }
  std::uint32_t seen = most.load();
  const std::uint32_t taken = places->taken();
  while (taken > seen && !most.compare_exchange_weak(seen, taken)) {
  }
  co_await core.loop.yield();
  places->release();
  --left;
}

TEST(Places, AreCounted) {
  Places places(1);
  EXPECT_TRUE(places.take(2));
  EXPECT_TRUE(places.take(2));
  EXPECT_FALSE(places.take(2));
  EXPECT_TRUE(places.take(3));
  EXPECT_EQ(places.taken(), 3U);
}

TEST(Places, WaitDoesNotSuspendWhileThereIsOne) {
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 1};
  const auto places = std::make_shared<Places>(1);
  int woken = 0;
  loop.spawn(wait_once(places, core, 1, woken));
  EXPECT_EQ(woken, 1);
}

TEST(Places, OneThatIsGivenBackWakesOneThatWaits) {
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 1};
  const auto places = std::make_shared<Places>(1);
  ASSERT_TRUE(places->take(1));
  int woken = 0;
  loop.spawn(wait_once(places, core, 1, woken));
  loop.spawn(wait_once(places, core, 1, woken));
  places->release();
  loop.stop();
  loop.run();
  EXPECT_EQ(woken, 1);
}

// The first waiter is gone when its wake-up arrives.
TEST(Places, AWakeIsPassedOn) {
  loop::EventLoop loop;
  const loop::Core one{loop, 0, 2};
  const loop::Core other{loop, 1, 2};
  const auto places = std::make_shared<Places>(2);
  ASSERT_TRUE(places->take(1));
  int woken = 0;
  int gone = 0;
  Task<void> leaver = wait_once(places, one, 1, gone);
  leaver.start();
  loop.spawn(wait_once(places, other, 1, woken));
  places->release();
  leaver.reset();
  loop.stop();
  loop.run();
  loop.stop();
  loop.run();
  EXPECT_EQ(gone, 0);
  EXPECT_EQ(woken, 1);
}

TEST(Places, AllOfACoreCanBeWoken) {
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 1};
  const auto places = std::make_shared<Places>(1);
  ASSERT_TRUE(places->take(1));
  int woken = 0;
  loop.spawn(wait_once(places, core, 1, woken));
  loop.spawn(wait_once(places, core, 1, woken));
  places->wake_all(0);
  loop.stop();
  loop.run();
  EXPECT_EQ(woken, 2);
}

// The rounds of a test in which two threads do something at the same moment. Each uses a core that
// has not waited before, whose first wait takes longest to begin.
struct PlaceRounds {
  static constexpr unsigned kRounds = 1'000;
  PlacesPtr places = std::make_shared<Places>(kRounds);
  std::atomic<unsigned> begun{0};
  std::atomic<unsigned> done{0};
};

// Returns once `value` has reached `wanted`, or after a time that only ends a hanging test.
bool reaches_place_round(const std::atomic<unsigned>& value, unsigned wanted) {
  const TimePoint end = Clock::now() + std::chrono::seconds(60);
  for (int spins = 0; value < wanted; ++spins) {
    if (spins < 10'000) continue;
    if (Clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

// Waits once per round. Finds out how long after the beginning of a round the place comes, and
// begins its waits around that moment.
Task<void> wait_each_round(loop::EventLoop& loop, PlaceRounds& rounds) {
  int delay = 0;
  for (unsigned i = 0; i < PlaceRounds::kRounds; ++i) {
    const loop::Core core{loop, i, PlaceRounds::kRounds};
    rounds.begun = i + 1;
    for (volatile int spins = 0; spins < delay;) spins = spins + 1;
    Task<void> wait = rounds.places->wait(core, 1);
    wait.start();
    delay += !wait.done() ? 1 : delay > 0 ? -1 : 0;
    co_await loop::Join(wait);
    while (!rounds.places->take(1)) {
      co_await loop.yield();
    }
    rounds.done = i + 1;
  }
}

// Returns the number of rounds that came to their end.
unsigned run_place_rounds() {
  loop::EventLoop loop;
  PlaceRounds rounds;
  EXPECT_TRUE(rounds.places->take(1));
  loop.post([&] { loop.spawn(wait_each_round(loop, rounds)); });
  std::thread thread([&] { loop.run(); });
  for (unsigned i = 1; i <= PlaceRounds::kRounds; ++i) {
    if (!reaches_place_round(rounds.begun, i)) break;
    rounds.places->release();
    if (!reaches_place_round(rounds.done, i)) break;
  }
  loop.stop();
  thread.join();
  return rounds.done;
}

// The only place is given back as a core begins to wait. No later release makes up for a wake-up
// that is lost.
TEST(Places, OneThatIsGivenBackAsAWaitBeginsIsNoticed) {
  for (int i = 0; i < 60; ++i) ASSERT_EQ(run_place_rounds(), PlaceRounds::kRounds);
}

TEST(Places, NobodyWaitsForEverAndNoneIsUsedTwice) {
  constexpr unsigned kCores = 3;
  constexpr int kEach = 400;
  constexpr std::uint32_t kMax = 2;
  const auto places = std::make_shared<Places>(kCores);
  std::atomic<int> left{kCores * kEach};
  std::atomic<std::uint32_t> most{0};
  std::vector<std::unique_ptr<loop::EventLoop>> loops;
  std::vector<std::unique_ptr<loop::Core>> cores;
  for (unsigned i = 0; i < kCores; ++i) {
    loops.push_back(std::make_unique<loop::EventLoop>());
    cores.push_back(std::make_unique<loop::Core>(*loops.back(), i, kCores));
  }
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kCores; ++i) {
    loops[i]->post([&, i] {
      for (int n = 0; n < kEach; ++n) loops[i]->spawn(use_one(places, *cores[i], kMax, left, most));
    });
    threads.emplace_back([&, i] { loops[i]->run(); });
  }
  const TimePoint end = Clock::now() + std::chrono::seconds(60);
  while (left > 0 && Clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (const auto& loop : loops) loop->stop();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(left, 0);
  EXPECT_EQ(places->taken(), 0U);
  EXPECT_LE(most, kMax);
}

}  // namespace
}  // namespace sluice::server
