// SPDX-License-Identifier: Apache-2.0
#include "loop/delay_probe.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "loop/event_loop.h"

namespace sluice::loop {
namespace {

using namespace std::chrono_literals;

class DelayProbeTest : public testing::Test {
 protected:
  DelayProbeTest()
      : probe(loop, [this](TimePoint sent, Duration delay) {
          sent_at.push_back(sent);
          delays.push_back(delay);
          if (delays.size() == wanted) loop.stop();
        }) {}
  void run_until(std::size_t count) {
    wanted = count;
    loop.run();
  }

  EventLoop loop;
  std::vector<TimePoint> sent_at;
  std::vector<Duration> delays;
  std::size_t wanted = 1;
  DelayProbe probe;
};

TEST_F(DelayProbeTest, MeasuresWhatTheLoopIsBusyWith) {
  const TimePoint now = Clock::now();
  loop.post([&] {
    probe.ask(now);
    const TimePoint end = now + 20ms;
    while (Clock::now() < end) continue;
  });
  run_until(1);
  EXPECT_EQ(sent_at[0], now);
  EXPECT_GE(delays[0], 20ms);
}

TEST_F(DelayProbeTest, SendsOneAtATimeInEachPause) {
  const TimePoint now = Clock::now();
  loop.post([&] {
    for (int i = 0; i < 1000; ++i) probe.ask(now);
    probe.ask(now + DelayProbe::kPause);
  });
  run_until(2);
  EXPECT_EQ(sent_at, (std::vector{now, now + DelayProbe::kPause}));
}

TEST_F(DelayProbeTest, HasNoMoreOnTheirWayThanItHas) {
  const TimePoint now = Clock::now();
  loop.post([&] {
    for (int i = 0; i < 1000; ++i) probe.ask(now + i * DelayProbe::kPause);
  });
  run_until(DelayProbe::kProbes);
  loop.post([&] { probe.ask(Clock::now() + 1h); });
  run_until(DelayProbe::kProbes + 1);
  EXPECT_EQ(delays.size(), DelayProbe::kProbes + 1);
}

TEST_F(DelayProbeTest, TakesItsPlaceBehindWhatIsReady) {
  struct Watched final : Poller::Watcher {
    void on_change(Poller::Change change) override { told = told || change.readable; }
    bool told = false;
  };
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  Watched watched;
  ASSERT_TRUE(loop.poller().add(ends[0], watched));
  loop.post([&] {
    ASSERT_EQ(::write(ends[1], "x", 1), 1);
    probe.ask(Clock::now());
  });
  run_until(1);
  EXPECT_TRUE(watched.told);
  loop.poller().remove(ends[0], watched);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace sluice::loop
