// SPDX-License-Identifier: Apache-2.0
// Waits for a number that another thread raises: each wait ends, in every order of events.
#include "store/durable_waits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <thread>

#include "store/testing/test_cores.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

class DurableWaitsTest : public testing::Test {
 protected:
  static Task<Result<void>> wait_for(DurableWaits& waits, Version version, Duration limit) {
    DurableWaits::Wait wait(waits, version, in(limit));
    if (waits.begin(wait)) co_await wait;
    co_return wait.outcome();
  }
  Task<Result<void>> waiting(Version version, Duration limit = 60s) {
    return wait_for(waits_, version, limit);
  }
  // As the journal does it: true if the core must be told.
  bool publish(Version version) {
    durable_ = version;
    return waits_.take_call();
  }

  Task<void> publish_when_told(Version own, bool& called) {
    DurableWaits::Wait wait(waits_, own, in(60s));
    if (waits_.begin(wait)) co_await wait;
    called = publish(own + 1);
  }

  loop::EventLoop loop_;
  std::atomic<Version> durable_{0};
  std::atomic<bool> failing_{false};
  std::atomic<bool> lost_{false};
  DurableWaits waits_{loop_, {&durable_, &failing_, &lost_}, "too late"};
};

TEST_F(DurableWaitsTest, EachEndsWhenItsVersionIsReached) {
  for (Version base = 0; base < 20; base += 10) {
    auto late = waiting(base + 3);
    auto early = waiting(base + 1);
    late.start();
    early.start();
    EXPECT_TRUE(publish(base + 1));
    EXPECT_FALSE(waits_.take_call()) << "once is enough";
    waits_.on_news();
    EXPECT_TRUE(early.done());
    EXPECT_FALSE(late.done());
    EXPECT_TRUE(publish(base + 5)) << "it has asked again";
    waits_.on_news();
    EXPECT_TRUE(late.done());
    EXPECT_TRUE(late.take());
    auto known = waiting(base + 5);
    known.start();
    EXPECT_TRUE(known.done()) << "at once";
    EXPECT_FALSE(publish(base + 6)) << "no run waits";
  }
}

// The journal publishes while on_news() resumes the first run, and finds no request for a call. So
// on_news() must look once more after its request.
TEST_F(DurableWaitsTest, AVersionPublishedMeanwhileIsSeen) {
  for (Version base = 0; base < 20; base += 10) {
    bool told = true;
    auto first = publish_when_told(base + 1, told);
    auto second = waiting(base + 2);
    first.start();
    second.start();
    ASSERT_TRUE(publish(base + 1));
    waits_.on_news();
    ASSERT_TRUE(first.done());
    EXPECT_FALSE(told) << "otherwise this tests nothing";
    EXPECT_TRUE(second.done());
  }
}

// Another thread publishes while a wait looks for its place, which is before all of many others.
TEST_F(DurableWaitsTest, AVersionPublishedWhileAWaitBeginsIsSeen) {
  constexpr int kOthers = 50'000;
  constexpr int kRounds = 20;
  std::deque<DurableWaits::Wait> others;
  for (int i = 0; i < kOthers; ++i) {
    ASSERT_TRUE(waits_.begin(others.emplace_back(waits_, Version{1} << 40, in(1h))));
  }
  for (Version version = 1; version <= kRounds; ++version) {
    (void)waits_.take_call();
    std::atomic<bool> begins = false;
    bool called = false;
    std::thread journal([&] {
      while (!begins) std::this_thread::yield();
      called = publish(version);
    });
    auto wait = waiting(version);
    begins = true;
    wait.start();
    journal.join();
    if (called) waits_.on_news();
    ASSERT_TRUE(wait.done()) << version;
    EXPECT_TRUE(wait.take());
  }
}

TEST_F(DurableWaitsTest, EachHasItsOwnDeadline) {
  int ended = 0;
  const auto one = [&](Duration limit) -> Task<void> {
    const auto outcome = co_await waiting(1, limit);
    EXPECT_EQ(outcome.error().kind, ErrorKind::timed_out);
    if (++ended == 2) loop_.stop();
  };
  const loop::EventLoop::Timer hanging(loop_, in(60s), [this] { loop_.stop(); });
  loop_.spawn(one(50ms));
  loop_.spawn(one(1ms));
  loop_.run();
  EXPECT_EQ(ended, 2);
}

TEST_F(DurableWaitsTest, AFailureEndsAllButWhatIsReached) {
  auto reached = waiting(1);
  auto open = waiting(2);
  reached.start();
  open.start();
  durable_ = 1;
  failing_ = true;
  waits_.on_news();
  ASSERT_TRUE(reached.done() && open.done());
  EXPECT_TRUE(reached.take());
  EXPECT_EQ(open.take().error().kind, ErrorKind::unavailable);
}

TEST_F(DurableWaitsTest, ALossIsCertainAndAFailureIsNot) {
  auto reached = waiting(1);
  auto open = waiting(2);
  reached.start();
  open.start();
  durable_ = 1;
  failing_ = true;
  lost_ = true;
  waits_.on_news();
  ASSERT_TRUE(reached.done() && open.done());
  EXPECT_TRUE(reached.take());
  EXPECT_EQ(open.take().error().kind, ErrorKind::lost);
  auto late = waiting(3);
  late.start();
  ASSERT_TRUE(late.done());
  EXPECT_EQ(late.take().error().kind, ErrorKind::lost);
}

}  // namespace
}  // namespace sluice::store
