// SPDX-License-Identifier: Apache-2.0
#include "loop/event_loop.h"

#include <gtest/gtest.h>

#include <thread>

#include "loop/testing/run_to_completion.h"

namespace sluice::loop {
namespace {

using namespace std::chrono_literals;

Task<int> add(EventLoop& loop, int a, int b) {
  co_await loop.yield();
  co_return a + b;
}

Task<int> sum(EventLoop& loop) {
  int total = 0;
  for (int i = 0; i < 1000; ++i) total += co_await add(loop, i, 1);
  co_return total;
}

TEST(EventLoop, RunsACoroutineToCompletion) {
  EventLoop loop;
  EXPECT_EQ(run_to_completion(loop, sum(loop)), 999 * 1000 / 2 + 1000);
}

TEST(EventLoop, PostFromOtherThreadsKeepsOrder) {
  EventLoop loop;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop.post([&seen, i] { seen.push_back(i); });
    loop.post([&loop] { loop.stop(); });
  });
  loop.run();
  other.join();
  ASSERT_EQ(seen.size(), 100U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

Task<void> sleeper(EventLoop& loop, Duration duration, std::vector<int>& order, int name) {
  co_await loop.sleep_for(duration);
  order.push_back(name);
}

TEST(EventLoop, TimersFireInOrderOfTime) {
  EventLoop loop;
  std::vector<int> order;
  const TimePoint start = Clock::now();
  const EventLoop::Timer second(loop, start + 20ms, [&] { order.push_back(2); });
  const EventLoop::Timer first(loop, start + 1ms, [&] { order.push_back(1); });
  const EventLoop::Timer third(loop, start + 30ms, [&] { order.push_back(3); });
  const EventLoop::Timer end(loop, start + 60ms, [&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(EventLoop, DestroyingATaskCancelsItsWait) {
  EventLoop loop;
  std::vector<int> order;
  {
    Task<void> doomed = sleeper(loop, 1ms, order, 1);
    doomed.start();
    Task<int> yielding = add(loop, 1, 2);
    yielding.start();
  }
  const EventLoop::Timer end(loop, Clock::now() + 20ms, [&] { loop.stop(); });
  loop.run();
  EXPECT_TRUE(order.empty());
}

TEST(EventLoop, TimersThatAreResetOrReplacedDoNotFire) {
  EventLoop loop;
  int fired = 0;
  EventLoop::Timer reset(loop, Clock::now() + 1ms, [&] { fired += 1; });
  EventLoop::Timer replaced(loop, Clock::now() + 1ms, [&] { fired += 10; });
  {
    const EventLoop::Timer destroyed(loop, Clock::now() + 1ms, [&] { fired += 100; });
  }
  reset.reset();
  replaced = EventLoop::Timer(loop, Clock::now() + 2ms, [&] { fired += 1000; });
  for (int round = 0; round < 2; ++round) {
    const EventLoop::Timer end(loop, Clock::now() + 10ms, [&] { loop.stop(); });
    loop.run();
  }
  EXPECT_EQ(fired, 1000);
}

TEST(EventLoop, TimerMayDestroyItselfWhenItFires) {
  EventLoop loop;
  std::optional<EventLoop::Timer> timer;
  timer.emplace(loop, Clock::now() + 1ms, [&] {
    timer.reset();
    loop.stop();
  });
  loop.run();
  EXPECT_FALSE(timer.has_value());
}

Task<int> at_once() { co_return 7; }

TEST(EventLoop, CompletingWithoutWaitingLeavesNoStopBehind) {
  EventLoop loop;
  EXPECT_EQ(run_to_completion(loop, at_once()), 7);
  EXPECT_EQ(run_to_completion(loop, add(loop, 1, 2)), 3);
}

TEST(EventLoop, AStopBeforeRunCounts) {
  EventLoop loop;
  loop.stop();
  loop.run();
  SUCCEED();
}

TEST(EventLoop, SpawnedTasksGoWithTheLoop) {
  std::vector<int> order;
  EventLoop loop;
  loop.spawn(sleeper(loop, 1h, order, 1));
  SUCCEED();  // the leak checker watches
}

}  // namespace
}  // namespace sluice::loop
