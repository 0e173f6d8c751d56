// SPDX-License-Identifier: Apache-2.0
#include "loop/join.h"

#include <gtest/gtest.h>

#include <string>

#include "loop/event.h"
#include "loop/testing/run_to_completion.h"
#include "loop/testing/settle.h"

namespace sluice::loop {
namespace {

using testing::settle;

class JoinTest : public ::testing::Test {
 public:
  Task<void> wait_for(Event& event, std::string name) {
    co_await event.wait();
    order += name;
  }
  // `says`: the result of the watch.
  Task<bool> watch_for(Event& event, bool says) {
    ++watches;
    co_await event.wait();
    co_return says;
  }
  Task<void> nothing() { co_return; }
  Task<void> join(Task<void>& task) {
    co_await Join(task);
    order += "joined ";
  }
  Task<void> unless(Task<void> work, bool says) {
    const bool done = co_await Unless(std::move(work), [&] { return watch_for(ended, says); });
    order += done ? "done " : "dropped ";
  }

  EventLoop loop;
  Event ready{loop};
  Event ended{loop};
  std::string order;
  int watches = 0;
};

TEST_F(JoinTest, WaitsForATaskThatRuns) {
  for (int round = 0; round < 2; ++round) {
    order.clear();
    Task<void> task = wait_for(ready, "task ");
    task.start();
    Task<void> joining = join(task);
    joining.start();
    EXPECT_EQ(order, "");
    ready.notify_now();
    EXPECT_EQ(order, "task joined ");
  }
}

TEST_F(JoinTest, DoesNotSuspendIfThereIsNothingToWaitFor) {
  Task<void> none;
  Task<void> task = nothing();
  task.start();
  Task<void> first = join(none);
  first.start();
  Task<void> second = join(task);
  second.start();
  EXPECT_EQ(order, "joined joined ");
}

TEST_F(JoinTest, ATaskGoesOnIfTheOneThatJoinsItGoes) {
  Task<void> task = wait_for(ready, "task ");
  task.start();
  Task<void> joining = join(task);
  joining.start();
  joining.reset();
  ready.notify_now();
  EXPECT_EQ(order, "task ");
}

TEST_F(JoinTest, WorkThatDoesNotSuspendIsNotWatched) {
  Task<void> task = unless(nothing(), true);
  task.start();
  EXPECT_EQ(order, "done ");
  EXPECT_EQ(watches, 0);
}

TEST_F(JoinTest, WorkThatIsDoneFirstIsDone) {
  for (const bool says : {true, false}) {
    order.clear();
    Task<void> task = unless(wait_for(ready, "work "), says);
    task.start();
    ready.notify();
    settle(loop);
    EXPECT_EQ(order, "work done ");
    EXPECT_FALSE(ended.has_waiter()) << "the watch has gone";
  }
}

TEST_F(JoinTest, AWatchThatEndsFirstDropsTheWork) {
  for (const bool says : {true, false}) {
    order.clear();
    Task<void> task = unless(wait_for(ready, "work "), says);
    task.start();
    ended.notify();
    settle(loop);
    EXPECT_EQ(order, "dropped ");
    EXPECT_FALSE(ready.has_waiter()) << "the work has gone";
  }
}

TEST_F(JoinTest, AWatchThatIsOverAtOnceDropsTheWorkIfItSaysSo) {
  ended.notify();
  Task<void> task = unless(wait_for(ready, "work "), true);
  task.start();
  EXPECT_EQ(order, "dropped ");

  order.clear();
  ended.notify();
  Task<void> other = unless(wait_for(ready, "work "), false);
  other.start();
  EXPECT_EQ(order, "") << "there is nothing to watch";
  ready.notify();
  settle(loop);
  EXPECT_EQ(order, "work done ");
}

// Both are done in one turn of the loop: the first notice resumes.
TEST_F(JoinTest, OfBothInOneTurnOneIsHeard) {
  Task<void> task = unless(wait_for(ready, "work "), true);
  task.start();
  ended.notify();
  ready.notify();
  settle(loop);
  EXPECT_EQ(order, "dropped ");
  order.clear();
  EXPECT_TRUE(task.done());
}

TEST_F(JoinTest, BothGoWithTheOneThatWaits) {
  Task<void> task = unless(wait_for(ready, "work "), true);
  task.start();
  task.reset();
  EXPECT_FALSE(ready.has_waiter());
  EXPECT_FALSE(ended.has_waiter());
}

TEST_F(JoinTest, WorkMayBeStartedBeforeItIsAwaited) {
  const auto begin = [](JoinTest& test) -> Task<void> {
    Unless reading(test.wait_for(test.ready, "work "),
                   [&test] { return test.watch_for(test.ended, true); });
    reading.start();
    test.order += reading.done() ? "done " : "begun ";
    const bool done = co_await reading;
    test.order += done ? "done " : "dropped ";
  };
  Task<void> task = begin(*this);
  task.start();
  EXPECT_EQ(order, "begun ");
  ready.notify();
  settle(loop);
  EXPECT_EQ(order, "begun work done ");
}

}  // namespace
}  // namespace sluice::loop
