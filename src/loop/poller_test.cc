// SPDX-License-Identifier: Apache-2.0
#include "loop/poller.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "loop/event_loop.h"
#include "loop/testing/run_to_completion.h"

namespace sluice::loop {
namespace {

// Watches one end of a wire. The test holds the other end.
class Wire : public Poller::Watcher {
 public:
  Wire(EventLoop& loop, std::function<void(Wire&)> told) : loop_(loop), told_(std::move(told)) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    watched_ = ends[0];
    other_ = ends[1];
    EXPECT_TRUE(loop_.poller().add(watched_, *this));
  }
  ~Wire() override { hang_up(), remove(); }
  Wire(const Wire&) = delete;

  void on_change(Poller::Readiness readiness) override {
    if (!readiness.readable) return;
    hung_up |= readiness.hung_up;
    ++times;
    told_(*this);
  }
  void send() const { EXPECT_EQ(::write(other_, "x", 1), 1); }
  void hang_up() {
    if (other_ >= 0) ::close(std::exchange(other_, -1));
  }
  void remove() {
    if (watched_ < 0) return;
    loop_.poller().remove(watched_, *this);
    ::close(std::exchange(watched_, -1));
  }
  void tell_again() { loop_.poller().tell_again(watched_, *this); }

  int times = 0;  // the number of reports that it is readable
  bool hung_up = false;

 private:
  EventLoop& loop_;
  std::function<void(Wire&)> told_;
  int watched_ = -1;
  int other_ = -1;
};

// Runs the work that is ready, and the work that it makes ready.
Task<void> a_few_turns(EventLoop& loop) {
  for (int i = 0; i < 10; ++i) co_await loop.sleep_for(std::chrono::microseconds(100));
}

TEST(Poller, TellsOfChangesOnly) {
  EventLoop loop;
  Wire wire(loop, [](Wire&) {});
  run_to_completion(loop, a_few_turns(loop));
  EXPECT_EQ(wire.times, 0);
  wire.send();
  run_to_completion(loop, a_few_turns(loop));
  EXPECT_EQ(wire.times, 1);
  run_to_completion(loop, a_few_turns(loop));  // the byte is still there
  EXPECT_EQ(wire.times, 1);
  wire.tell_again();
  run_to_completion(loop, a_few_turns(loop));
  EXPECT_EQ(wire.times, 2);
  EXPECT_FALSE(wire.hung_up);
  wire.hang_up();
  run_to_completion(loop, a_few_turns(loop));
  EXPECT_EQ(wire.times, 3);
  EXPECT_TRUE(wire.hung_up);
}

TEST(Poller, TellsAllOfMoreThanABatch) {
  EventLoop loop;
  std::vector<std::unique_ptr<Wire>> wires;
  for (int i = 0; i < 200; ++i) {
    wires.push_back(std::make_unique<Wire>(loop, [](Wire&) {}));
    wires.back()->send();
  }
  run_to_completion(loop, a_few_turns(loop));
  for (const auto& wire : wires) EXPECT_EQ(wire->times, 1);
}

TEST(Poller, SaysNothingToThoseRemovedMeanwhile) {
  EventLoop loop;
  std::vector<std::unique_ptr<Wire>> wires;
  int told = 0;
  for (int i = 0; i < 20; ++i) {
    wires.push_back(std::make_unique<Wire>(loop, [&](Wire& self) {
      ++told;
      for (auto& wire : wires) {
        if (wire.get() != &self) wire.reset();
      }
      self.remove();
    }));
    wires.back()->send();
  }
  run_to_completion(loop, a_few_turns(loop));
  EXPECT_EQ(told, 1);
}

class NewWork : public ::testing::Test {
 protected:
  // All become ready at once, in order. Returns the order of their reports.
  std::vector<int> order(const std::vector<Duration>& patience) {
    std::vector<int> told;
    std::vector<std::unique_ptr<Wire>> wires;
    for (int i = 0; i < static_cast<int>(patience.size()); ++i) {
      wires.push_back(std::make_unique<Wire>(loop_, [&told, i](Wire&) { told.push_back(i); }));
      wires.back()->set_patience(patience.at(static_cast<std::size_t>(i)));
    }
    run_to_completion(loop_, a_few_turns(loop_));  // consumes the reports that they are writable
    for (const auto& wire : wires) wire->send();
    run_to_completion(loop_, a_few_turns(loop_));
    return told;
  }

  static constexpr Duration kLong = std::chrono::hours(1);
  static constexpr Duration kNone = Duration::zero();
  static constexpr Duration kAtHand = Poller::Watcher::kAtHand;
  EventLoop loop_;
};

TEST_F(NewWork, IsToldInItsOrderAsLongAsTheLoopKeepsUp) {
  EXPECT_EQ(order({kLong, kLong, kLong, kLong}), (std::vector{0, 1, 2, 3}));
}

TEST_F(NewWork, ComesAfterWorkAtHand) {
  EXPECT_EQ(order({kLong, kAtHand, kNone, kAtHand}), (std::vector{1, 3, 0, 2}));
}

TEST_F(NewWork, NewestAndOldestTakeTurnsOnceTheOldestHasWaitedTooLong) {
  std::vector<int> told = order({kNone, kNone, kNone, kNone, kNone});
  EXPECT_EQ(told.at(0), 4);
  EXPECT_EQ(told.at(1), 0);
  std::ranges::sort(told);
  EXPECT_EQ(told, (std::vector{0, 1, 2, 3, 4}));
}

// The debt to the oldest is cleared once the queue is empty.
TEST_F(NewWork, EveryQueueBeginsWithTheNewest) {
  std::vector<int> told;
  std::vector<std::unique_ptr<Wire>> wires;
  for (int i = 0; i < 2; ++i) {
    wires.push_back(std::make_unique<Wire>(loop_, [&told, i](Wire&) {
      told.push_back(i);
      const TimePoint end = Clock::now() + std::chrono::milliseconds(i == 1 ? 5 : 0);
      while (Clock::now() < end) {
      }
    }));
    wires.back()->set_patience(kNone);
  }
  run_to_completion(loop_, a_few_turns(loop_));
  for (int round = 0; round < 2; ++round) {
    told.clear();
    for (const auto& wire : wires) wire->send();
    for (const auto& wire : wires) wire->tell_again();
    run_to_completion(loop_, a_few_turns(loop_));
    EXPECT_EQ(told, (std::vector{1, 0})) << "round " << round;
  }
}

TEST_F(NewWork, OfTheOldestAloneSaysWhetherItHasWaitedTooLong) {
  EXPECT_EQ(order({kLong, kNone, kNone, kNone}).at(0), 0);
  EXPECT_EQ(order({kNone, kLong, kLong, kLong}).at(0), 3);
}

TEST_F(NewWork, ThatChangesWhileItWaitsIsToldOnce) {
  std::vector<std::unique_ptr<Wire>> wires;
  bool changed = false;
  for (int i = 0; i < 200; ++i) {  // more than one turn of the loop
    wires.push_back(std::make_unique<Wire>(loop_, [&](Wire& self) {
      if (&self != wires.back().get() && !std::exchange(changed, true)) wires.back()->send();
    }));
    wires.back()->set_patience(kLong);
  }
  run_to_completion(loop_, a_few_turns(loop_));
  for (const auto& wire : wires) wire->send();
  run_to_completion(loop_, a_few_turns(loop_));
  EXPECT_TRUE(changed);
  for (const auto& wire : wires) EXPECT_EQ(wire->times, 1);
}

TEST_F(NewWork, KnowsHowLongItHasWaited) {
  std::vector<Duration> waits;
  const TimePoint begin = Clock::now();
  const auto tell = [&](Wire&) {
    waits.push_back(loop_.waited(Clock::now()));
    while (waits.size() == 1 && Clock::now() < begin + std::chrono::milliseconds(3)) {
    }
  };
  Wire first(loop_, tell);
  Wire second(loop_, tell);
  for (Wire* wire : {&first, &second}) wire->set_patience(kLong);
  run_to_completion(loop_, a_few_turns(loop_));
  for (const Wire* wire : {&first, &second}) wire->send();
  run_to_completion(loop_, a_few_turns(loop_));
  ASSERT_EQ(waits.size(), 2U);
  EXPECT_GT(waits.at(1), waits.at(0));
  EXPECT_EQ(loop_.waited(Clock::now()), Duration::zero());
}

}  // namespace
}  // namespace sluice::loop
