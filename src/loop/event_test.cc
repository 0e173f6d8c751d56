// SPDX-License-Identifier: Apache-2.0
#include "loop/event.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "loop/testing/run_to_completion.h"
#include "loop/testing/settle.h"

namespace sluice::loop {
namespace {

using namespace std::chrono_literals;
using testing::let_pass;
using testing::run_past;
using testing::settle;

class EventTest : public ::testing::Test {
 public:
  // Adds '+' to `seen` for a notice, '-' for a deadline.
  Task<void> wait_once(TimePoint deadline = TimePoint::max()) {
    const bool notified = co_await event->wait(deadline);
    seen += notified ? '+' : '-';
  }
  Task<void> wait_times(int times) {
    for (int i = 0; i < times; ++i) co_await wait_once();
  }
  Task<void> started(Task<void> task) {
    task.start();
    return task;
  }

  EventLoop loop;
  std::optional<Event> event{std::in_place, loop};
  std::string seen;
};

TEST_F(EventTest, ResumesFromTheLoopAndNotFromInsideTheCall) {
  const Task<void> waiter = started(wait_once());
  EXPECT_TRUE(event->has_waiter());
  event->notify();
  EXPECT_EQ(seen, "");
  EXPECT_FALSE(event->has_waiter()) << "it is as good as awake";
  settle(loop);
  EXPECT_EQ(seen, "+");
  EXPECT_TRUE(waiter.done());
}

TEST_F(EventTest, ResumesFromInsideTheCallIfAskedTo) {
  const Task<void> waiter = started(wait_once());
  event->notify_now();
  EXPECT_EQ(seen, "+");
  settle(loop);
  EXPECT_EQ(seen, "+");
}

TEST_F(EventTest, KeepsOneNoticeForTheNextWait) {
  for (int round = 0; round < 2; ++round) {
    seen.clear();
    event->notify();
    event->notify();
    event->notify_now();
    Task<void> first = started(wait_once());
    EXPECT_EQ(seen, "+") << "does not suspend";
    Task<void> second = started(wait_once());
    EXPECT_EQ(seen, "+") << "one notice is one wait";
    settle(loop);
    EXPECT_EQ(seen, "+");
  }
}

TEST_F(EventTest, ManyRoundsOfOneWaiter) {
  const Task<void> waiter = started(wait_times(6));
  for (int round = 0; round < 3; ++round) {
    event->notify();
    event->notify();  // the same notice
    settle(loop);
    event->notify_now();
    EXPECT_EQ(seen.size(), 2U * (round + 1));
  }
  EXPECT_TRUE(waiter.done());
}

TEST_F(EventTest, ANoticeUnderWayIsOvertakenByOneAtOnceAndCountsOnce) {
  const Task<void> waiter = started(wait_times(2));
  event->notify();
  event->notify_now();
  EXPECT_EQ(seen, "+");
  settle(loop);
  EXPECT_EQ(seen, "+") << "the loop does not resume it again";
  event->notify();
  settle(loop);
  EXPECT_EQ(seen, "++");
}

TEST_F(EventTest, EndsWithFalseAtTheDeadline) {
  for (int round = 0; round < 2; ++round) {
    run_to_completion(loop, wait_once(Clock::now() + 1ms));
  }
  EXPECT_EQ(seen, "--");
  event->notify();
  run_to_completion(loop, wait_once(Clock::now() + 1ms));
  EXPECT_EQ(seen, "--+") << "a notice after the deadline is for the next wait";
}

TEST_F(EventTest, ADeadlineThatHasPassedStillEndsTheWaitFromTheLoop) {
  Task<void> waiter = started(wait_once(TimePoint{}));
  EXPECT_EQ(seen, "");
  settle(loop);
  EXPECT_EQ(seen, "-");
}

// The deadline comes while the notice is on its way: the notice is not lost.
TEST_F(EventTest, OfANoticeAndADeadlineInOneTurnTheFirstCounts) {
  for (int round = 0; round < 2; ++round) {
    seen.clear();
    const TimePoint when = Clock::now() + 5ms;
    const EventLoop::Timer notice(loop, when, [this] { event->notify(); });
    run_to_completion(loop, wait_once(when));
    EXPECT_EQ(seen, "+");

    const TimePoint then = Clock::now() + 5ms;
    const Task<void> waiter = started(wait_once(then));
    const EventLoop::Timer late(loop, then, [this] { event->notify(); });
    run_past(loop, then);
    EXPECT_EQ(seen, "+-");
    Task<void> next = started(wait_once());
    EXPECT_EQ(seen, "+-+") << "the notice that came second is kept";
  }
}

TEST_F(EventTest, ANoticeBeforeTheLoopSeesThatTimeIsUpCounts) {
  const TimePoint when = Clock::now() + 1ms;
  const Task<void> waiter = started(wait_once(when));
  let_pass(when);
  event->notify();
  run_past(loop, when);
  EXPECT_EQ(seen, "+");
}

TEST_F(EventTest, AWaiterDestroyedBeforeTheNoticeIsGone) {
  for (int round = 0; round < 2; ++round) {
    Task<void> doomed = started(wait_once(Clock::now() + 1ms));
    doomed.reset();
    EXPECT_FALSE(event->has_waiter());
  }
  testing::run_for(loop, 5ms);
  EXPECT_EQ(seen, "");
  event->notify();
  const Task<void> waiter = started(wait_once());
  EXPECT_EQ(seen, "+");
}

TEST_F(EventTest, AWaiterDestroyedBetweenNoticeAndResumptionLeavesTheNotice) {
  for (int round = 0; round < 2; ++round) {
    seen.clear();
    Task<void> doomed = started(wait_once());
    event->notify();
    doomed.reset();
    settle(loop);
    EXPECT_EQ(seen, "");
    const Task<void> next = started(wait_once());
    EXPECT_EQ(seen, "+");
  }
}

TEST_F(EventTest, ANewWaiterMayComeBetweenNoticeAndResumptionOfADestroyedOne) {
  Task<void> doomed = started(wait_once());
  event->notify();
  doomed.reset();
  const Task<void> second = started(wait_once());
  EXPECT_EQ(seen, "+");
  const Task<void> third = started(wait_once());
  settle(loop);
  EXPECT_EQ(seen, "+") << "what was in the mailbox for the first is not for the third";
  EXPECT_TRUE(event->has_waiter());
}

TEST_F(EventTest, AWaiterMayDestroyTheEvent) {
  const auto destroy = [](EventTest& test, Duration limit) -> Task<void> {
    co_await test.wait_once(Clock::now() + limit);
    test.event.reset();
  };
  Task<void> at_once = started(destroy(*this, 10s));
  event->notify_now();
  EXPECT_FALSE(event.has_value());
  event.emplace(loop);
  Task<void> soon = started(destroy(*this, 10s));
  event->notify();
  settle(loop);
  EXPECT_FALSE(event.has_value());
  event.emplace(loop);
  run_to_completion(loop, destroy(*this, 1ms));
  EXPECT_FALSE(event.has_value());
  EXPECT_EQ(seen, "++-");
}

TEST_F(EventTest, AWaiterOutlivesItsEventAndIsNeverResumed) {
  Task<void> waits = started(wait_once(Clock::now() + 1ms));
  event.reset();
  event.emplace(loop);
  Task<void> notified = started(wait_once(Clock::now() + 1ms));
  event->notify();
  event.reset();
  testing::run_for(loop, 5ms);
  EXPECT_EQ(seen, "");
  EXPECT_FALSE(waits.done());
  EXPECT_FALSE(notified.done());
}

TEST_F(EventTest, AWaiterMayNotifyAndWaitAgainFromInsideItsResumption) {
  const auto rounds = [](EventTest& test) -> Task<void> {
    for (int i = 0; i < 3; ++i) {
      co_await test.wait_once();
      test.event->notify();
      co_await test.wait_once();
    }
  };
  const Task<void> waiter = started(rounds(*this));
  for (int i = 0; i < 3; ++i) event->notify_now();
  EXPECT_EQ(seen, "++++++");
  EXPECT_TRUE(waiter.done());
}

// Two coroutines that wake each other for ever would keep the loop from its timers.
TEST_F(EventTest, TwoThatWakeEachOtherLetTheLoopDoOtherWork) {
  Event other(loop);
  const auto bounce = [](EventTest& test, Event& mine, Event& theirs) -> Task<void> {
    while (true) {
      co_await mine.wait();
      theirs.notify();
      test.seen = "bounced";
    }
  };
  const Task<void> one = started(bounce(*this, *event, other));
  const Task<void> two = started(bounce(*this, other, *event));
  event->notify();
  testing::run_for(loop, 2ms);
  EXPECT_EQ(seen, "bounced");
}

TEST_F(EventTest, OneThatIsResumedMayDestroyAnotherThatIsAboutToBe) {
  Event other(loop);
  std::optional<Task<void>> victim;
  const auto killer = [](EventTest& test, std::optional<Task<void>>& doomed) -> Task<void> {
    co_await test.wait_once();
    doomed.reset();
  };
  const auto dies = [](EventTest& test, Event& its) -> Task<void> {
    co_await its.wait();
    test.seen += 'x';
  };
  const Task<void> first = started(killer(*this, victim));
  victim.emplace(dies(*this, other));
  victim->start();
  event->notify();
  other.notify();
  settle(loop);
  EXPECT_EQ(seen, "+");
}

TEST_F(EventTest, AnAwaiterMayGoWithoutHavingBeenAwaited) {
  { const Event::Wait unused = event->wait(Clock::now() + 1ms); }
  const Task<void> waiter = started(wait_once());
  { const Event::Wait unused = event->wait(Clock::now() + 1ms); }
  event->notify();
  settle(loop);
  EXPECT_EQ(seen, "+");
}

TEST_F(EventTest, ManyEventsAreServedInTheOrderOfTheirNotices) {
  std::vector<std::unique_ptr<Event>> events;
  std::vector<Task<void>> tasks;
  const auto name = [](std::string& order, Event& its, char letter) -> Task<void> {
    co_await its.wait();
    order += letter;
  };
  for (char letter = 'a'; letter <= 'e'; ++letter) {
    events.push_back(std::make_unique<Event>(loop));
    tasks.push_back(started(name(seen, *events.back(), letter)));
  }
  for (const std::size_t i : {2U, 0U, 4U, 1U, 3U}) events[i]->notify();
  settle(loop);
  EXPECT_EQ(seen, "caebd");
}

TEST_F(EventTest, WaitersMayOutliveTheirLoop) {
  std::optional<EventLoop> short_lived(std::in_place);
  event.emplace(*short_lived);
  Task<void> waiter = started(wait_once());
  event->notify();
  short_lived.reset();
  EXPECT_EQ(seen, "");
}

TEST_F(EventTest, DiesOfASecondWaiter) {
  const Task<void> first = started(wait_once());
  Task<void> second = wait_once();
  EXPECT_DEATH(second.start(), "an Event has one waiter at a time");
}

}  // namespace
}  // namespace sluice::loop
