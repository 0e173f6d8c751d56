// SPDX-License-Identifier: Apache-2.0
#include "loop/wait_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "loop/testing/run_to_completion.h"
#include "loop/testing/settle.h"

namespace sluice::loop {
namespace {

using namespace std::chrono_literals;
using testing::let_pass;
using testing::run_past;
using testing::settle;

class WaitListTest : public ::testing::Test {
 public:
  // Adds `name` to `order` when notified, the capital letter at the deadline.
  Task<void> wait_once(char name, TimePoint deadline = TimePoint::max()) {
    const bool notified = co_await list->wait(deadline);
    order += notified ? name : static_cast<char>(name - 'a' + 'A');
  }
  // `names` wait, in this order.
  void wait_all(const std::string& names, TimePoint deadline = TimePoint::max()) {
    for (const char name : names) add(wait_once(name, deadline));
  }
  void add(Task<void> task) {
    task.start();
    tasks.push_back(std::move(task));
  }

  EventLoop loop;
  std::optional<WaitList> list{std::in_place, loop};
  std::string order;
  std::vector<Task<void>> tasks;
};

TEST_F(WaitListTest, ServesFirstComeFirst) {
  for (int round = 0; round < 2; ++round) {
    order.clear();
    wait_all("abcd");
    EXPECT_EQ(list->size(), 4U);
    list->notify_one();
    list->notify_one();
    EXPECT_EQ(order, "") << "from the loop";
    EXPECT_EQ(list->size(), 2U) << "they leave the list at once";
    list->notify_one_now();
    EXPECT_EQ(order, "c") << "one at once overtakes those under way";
    settle(loop);
    EXPECT_EQ(order, "cab");
    list->notify_all();
    settle(loop);
    EXPECT_EQ(order, "cabd");
    EXPECT_TRUE(list->empty());
  }
}

TEST_F(WaitListTest, ANoticeWithoutAWaiterIsLost) {
  list->notify_one();
  list->notify_all();
  list->notify_one_now();
  list->notify_all_now();
  wait_all("a");
  settle(loop);
  EXPECT_EQ(order, "");
}

TEST_F(WaitListTest, AllAreServedInOrderAndLateComersAreNot) {
  for (int round = 0; round < 2; ++round) {
    order.clear();
    wait_all("abc");
    list->notify_all();
    wait_all("z");
    settle(loop);
    EXPECT_EQ(order, "abc");
    list->notify_all_now();
    EXPECT_EQ(order, "abcz");
  }
}

TEST_F(WaitListTest, EndsWithFalseAtTheDeadline) {
  const TimePoint now = Clock::now();
  wait_all("a", now + 3ms);
  wait_all("b", now + 1ms);
  wait_all("c", now + 10min);
  wait_all("d");
  testing::run_for(loop, 8ms);
  EXPECT_EQ(order, "BA") << "each at its own time";
  EXPECT_EQ(list->size(), 2U);
  list->notify_all_now();
  EXPECT_EQ(order, "BAcd");
}

TEST_F(WaitListTest, OfANoticeAndADeadlineInOneTurnTheFirstCounts) {
  for (int round = 0; round < 2; ++round) {
    order.clear();
    const TimePoint when = Clock::now() + 1ms;
    wait_all("abc", when);
    let_pass(when);
    list->notify_one();
    run_past(loop, when);
    EXPECT_EQ(order, "aBC") << "the notice came before the loop saw the time";
    wait_all("d");
    list->notify_one();
    settle(loop);
    EXPECT_EQ(order, "aBCd") << "those that were late are in no list";
  }
}

TEST_F(WaitListTest, AWaiterDestroyedBeforeTheNoticeLeavesItsPlace) {
  wait_all("abc", Clock::now() + 1h);
  tasks[0].reset();
  tasks[1].reset();
  EXPECT_EQ(list->size(), 1U);
  list->notify_one();
  settle(loop);
  EXPECT_EQ(order, "c");
}

TEST_F(WaitListTest, ANoticeIsPassedOnIfItsWaiterIsDestroyedBeforeItRuns) {
  for (int round = 0; round < 2; ++round) {
    order.clear();
    tasks.clear();
    wait_all("abcd");
    list->notify_one();
    list->notify_one();
    tasks[0].reset();  // its notice goes to c
    EXPECT_EQ(list->size(), 1U);
    tasks[2].reset();  // and then to d
    EXPECT_TRUE(list->empty());
    settle(loop);
    EXPECT_EQ(order, "bd");
    wait_all("e");
    settle(loop);
    EXPECT_EQ(order, "bd") << "nothing is passed on by those that have run";
    tasks.clear();
  }
}

TEST_F(WaitListTest, ANoticeThatNobodyIsLeftForIsLost) {
  wait_all("a");
  list->notify_one();
  tasks.clear();
  wait_all("b");
  settle(loop);
  EXPECT_EQ(order, "");
}

TEST_F(WaitListTest, ANoticeIsNotPassedOnToAListThatHasGone) {
  wait_all("ab");
  list->notify_one();
  list.reset();
  list.emplace(loop);
  tasks[0].reset();
  settle(loop);
  EXPECT_EQ(order, "");
}

// The new list is at the place of the old one.
TEST_F(WaitListTest, NoneOfTwoNoticesIsPassedOnToAListThatHasGone) {
  wait_all("abc");
  list->notify_one();
  list->notify_one();
  list.reset();
  list.emplace(loop);
  wait_all("z");
  tasks[0].reset();
  settle(loop);
  EXPECT_EQ(order, "b");
  EXPECT_EQ(list->size(), 1U);
}

TEST_F(WaitListTest, ThoseThatAreNotifiedRunAlthoughTheListHasGone) {
  for (int round = 0; round < 2; ++round) {
    order.clear();
    list.emplace(loop);
    wait_all("ab", Clock::now() + 1h);
    list->notify_one();
    list->notify_all();
    list.reset();
    settle(loop);
    EXPECT_EQ(order, "ab");
  }
}

TEST_F(WaitListTest, ThoseThatAreNotNeverRun) {
  wait_all("ab", Clock::now() + 1ms);
  list.reset();
  testing::run_for(loop, 5ms);
  EXPECT_EQ(order, "");
  EXPECT_FALSE(tasks[0].done());
}

TEST_F(WaitListTest, AllAreNotPassedOn) {
  wait_all("ab");
  list->notify_all();
  tasks[0].reset();
  wait_all("c");
  settle(loop);
  EXPECT_EQ(order, "b");
}

TEST_F(WaitListTest, AWaiterMayDestroyTheList) {
  const auto destroy = [](WaitListTest& test) -> Task<void> {
    co_await test.wait_once('a');
    test.list.reset();
  };
  for (int way = 0; way < 4; ++way) {
    order.clear();
    tasks.clear();
    list.emplace(loop);
    add(destroy(*this));
    wait_all("b");
    if (way == 0) list->notify_one_now();
    if (way == 1) list->notify_all_now();
    if (way == 2) list->notify_one();
    if (way == 3) list->notify_all();
    settle(loop);
    EXPECT_FALSE(list.has_value());
    EXPECT_EQ(order, way % 2 == 0 ? "a" : "ab");
  }
}

TEST_F(WaitListTest, AWaiterMayDestroyTheListAtItsDeadline) {
  const auto destroy = [](WaitListTest& test) -> Task<void> {
    co_await test.wait_once('a', TimePoint{});
    test.list.reset();
  };
  add(destroy(*this));
  wait_all("b", TimePoint{} + 1ns);
  settle(loop);
  EXPECT_EQ(order, "A");
  EXPECT_FALSE(list.has_value());
}

// The destroyed waiters are before, behind and at the running one, notified or still in the list.
TEST_F(WaitListTest, AWaiterMayDestroyOthers) {
  const auto destroy = [](WaitListTest& test, std::vector<std::size_t> whom) -> Task<void> {
    co_await test.wait_once('k');
    for (const std::size_t i : whom) test.tasks[i].reset();
  };
  for (int way = 0; way < 2; ++way) {
    order.clear();
    tasks.clear();
    wait_all("a");
    add(destroy(*this, {0, 2, 3}));
    wait_all("bcd");
    way == 0 ? list->notify_all_now() : list->notify_all();
    settle(loop);
    EXPECT_EQ(order, "akd");
  }
}

TEST_F(WaitListTest, OneThatIsResumedMayDestroyTheNextThatNotifyOneHasNotified) {
  const auto destroy = [](WaitListTest& test) -> Task<void> {
    co_await test.wait_once('k');
    test.tasks[1].reset();
  };
  add(destroy(*this));
  wait_all("abc");
  list->notify_one();
  list->notify_one();
  settle(loop);
  EXPECT_EQ(order, "kb") << "its notice was passed on";
  EXPECT_EQ(list->size(), 1U);
}

TEST_F(WaitListTest, AWaiterMayWaitAgainAndNotifyFromInsideItsResumption) {
  const auto twice = [](WaitListTest& test, char name) -> Task<void> {
    co_await test.wait_once(name);
    test.list->notify_one();
    co_await test.wait_once(name);
  };
  for (const char name : {'a', 'b', 'c'}) add(twice(*this, name));
  list->notify_all_now();
  EXPECT_EQ(order, "abc") << "those that wait anew are not of this round";
  EXPECT_EQ(list->size(), 1U) << "b and c have notified a and b";
  settle(loop);
  EXPECT_EQ(order, "abcab");
  list->notify_one_now();
  EXPECT_EQ(order, "abcabc");
}

struct Named : WaitList::Wait {
  Named(WaitList& its_list, std::string its_name)
      : Wait(its_list, TimePoint::max()), name(std::move(its_name)) {}
  std::string name;
  std::string told;
};

class NamedWaitsTest : public ::testing::Test {
 public:
  Task<void> wait(std::string name) {
    Named named(list, std::move(name));
    const bool notified = co_await named;
    order += notified ? named.name + named.told : "late";
  }
  Task<void> wait_sorted(std::string name) {
    Named named(list, std::move(name));
    Named* place = list.last();
    while (place != nullptr && place->name > named.name) place = list.previous(*place);
    list.insert(named, place);
    const bool notified = co_await named;
    order += notified ? named.name + named.told : "late";
  }
  void add(Task<void> task) {
    task.start();
    tasks.push_back(std::move(task));
  }
  std::string names() const {
    std::string all;
    for (Named* named = list.first(); named != nullptr; named = list.next(*named))
      all += named->name;
    return all;
  }

  EventLoop loop;
  WaitListOf<Named> list{loop};
  std::string order;
  std::vector<Task<void>> tasks;
};

TEST_F(NamedWaitsTest, AParticularOneCanBeToldSomething) {
  for (int round = 0; round < 2; ++round) {
    order.clear();
    add(wait("a"));
    add(wait("b"));
    add(wait("c"));
    list.last()->told = "!";
    list.notify(*list.last());
    EXPECT_EQ(names(), "ab");
    list.next(*list.first())->told = "?";
    list.notify(*list.next(*list.first()));
    settle(loop);
    EXPECT_EQ(order, "c!b?");
    list.notify_one_now();
    EXPECT_EQ(order, "c!b?a");
    EXPECT_EQ(list.first(), nullptr);
    EXPECT_EQ(list.last(), nullptr);
  }
}

TEST_F(NamedWaitsTest, WhatAParticularOneWasToldIsNotPassedOn) {
  add(wait("a"));
  add(wait("b"));
  list.notify(*list.first());
  tasks[0].reset();
  settle(loop);
  EXPECT_EQ(order, "");
}

TEST_F(NamedWaitsTest, AListMayHaveAnOrderOfItsOwn) {
  for (int round = 0; round < 2; ++round) {
    order.clear();
    for (const char* name : {"c", "a", "d", "b"}) add(wait_sorted(name));
    EXPECT_EQ(names(), "abcd");
    list.notify_all_now();
    EXPECT_EQ(order, "abcd");
  }
}

TEST_F(NamedWaitsTest, WaitsMoveFromListToListAndAreNotifiedThere) {
  for (int round = 0; round < 2; ++round) {
    order.clear();
    tasks.clear();
    for (const char* name : {"a", "b", "c", "d"}) add(wait(name));
    WaitListOf<Named> chosen(loop);
    chosen.take(*list.last());
    chosen.take(*list.first());
    EXPECT_EQ(list.size(), 2U);
    EXPECT_EQ(chosen.size(), 2U);
    tasks[3].reset();
    EXPECT_EQ(chosen.size(), 1U);
    chosen.notify_all_now();
    EXPECT_EQ(order, "a");
    list.notify_all_now();
    EXPECT_EQ(order, "abc");
  }
}

TEST_F(NamedWaitsTest, OneThatIsNotifiedBeforeItIsAwaitedDoesNotSuspend) {
  const auto early = [](NamedWaitsTest& test, bool one) -> Task<void> {
    Named named(test.list, "a");
    test.list.insert(named, nullptr);
    one ? test.list.notify_one() : test.list.notify_all_now();
    const bool notified = co_await named;
    test.order += notified ? "now" : "late";
  };
  add(early(*this, true));
  add(early(*this, false));
  EXPECT_EQ(order, "nownow");
}

TEST_F(NamedWaitsTest, OneThatIsNeverAwaitedPassesItsNoticeOn) {
  add(wait("b"));
  {
    Named named(list, "a");
    list.insert(named, nullptr);
    list.notify_one();
  }
  settle(loop);
  EXPECT_EQ(order, "b");
  {
    Named named(list, "c");
    list.insert(named, nullptr);
  }
  EXPECT_TRUE(list.empty());
}

// Random operations against a model. Each waiter ends at most once, the notified ones are the
// first, and no waiter is forgotten.
class Permits {
 public:
  explicit Permits(EventLoop& loop) : waits_(loop) {}
  Task<void> use(int& done) {
    while (free_ == 0) {
      (void)co_await waits_.wait();
    }
    --free_;
    ++done;
  }
  void give() {
    ++free_;
    waits_.notify_one();
  }
  [[nodiscard]] int free() const { return free_; }
  [[nodiscard]] std::size_t waiting() const { return waits_.size(); }

 private:
  WaitList waits_;
  int free_ = 0;
};

TEST(WaitListProperty, NoPermitIsForgottenHoweverWaitersComeAndGo) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    EventLoop loop;
    Permits permits(loop);
    int done = 0;
    int given = 0;
    std::vector<Task<void>> tasks;
    for (int step = 0; step < 200; ++step) {
      switch (random() % 4) {
        case 0:
          tasks.push_back(permits.use(done));
          tasks.back().start();
          break;
        case 1:
          permits.give();
          ++given;
          break;
        case 2:
          if (!tasks.empty()) tasks[random() % tasks.size()].reset();
          break;
        default:
          settle(loop);
          EXPECT_TRUE(permits.free() == 0 || permits.waiting() == 0)
              << "a permit is free and somebody waits";
      }
    }
    settle(loop);
    EXPECT_EQ(done + permits.free(), given);
  }
}

}  // namespace
}  // namespace sluice::loop
