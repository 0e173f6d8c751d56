// SPDX-License-Identifier: Apache-2.0
#include "server/overload.h"

#include <gtest/gtest.h>

#include <set>

#include "net/listener.h"
#include "server/limits.h"

namespace sluice::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class OverloadTest : public ::testing::Test {
 protected:
  const TimePoint now_ = Clock::now();
  OverloadCells cells_;
  Overload overload_{{.target = milliseconds(200), .retry_after = seconds(2)}, cells_};
};

TEST_F(OverloadTest, ARequestThatWaitedForTheTargetIsLate) {
  EXPECT_FALSE(overload_.note_request(now_, milliseconds(199)));
  EXPECT_FALSE(overload_.is_on(now_));
  EXPECT_EQ(cells_.overloaded_at.get(), 0U);
  EXPECT_TRUE(overload_.note_request(now_, milliseconds(200)));
  EXPECT_TRUE(overload_.is_on(now_));
  EXPECT_EQ(cells_.overloaded_at.get(),
            static_cast<std::uint64_t>(now_.time_since_epoch().count()));
}

TEST_F(OverloadTest, IsOverASecondAfterTheLastLateRequest) {
  (void)overload_.note_request(now_, seconds(1));
  EXPECT_TRUE(overload_.is_on(now_ + milliseconds(999)));
  EXPECT_FALSE(overload_.is_on(now_ + seconds(1)));
  (void)overload_.note_request(now_ + milliseconds(500), seconds(1));
  EXPECT_TRUE(overload_.is_on(now_ + milliseconds(1400)));
}

TEST_F(OverloadTest, ANewTargetJudgesAnew) {
  (void)overload_.note_request(now_, milliseconds(300));
  EXPECT_FALSE(overload_.update({.target = milliseconds(200)}, cells_)) << "the same target";
  EXPECT_TRUE(overload_.is_on(now_));
  EXPECT_TRUE(overload_.update({.target = milliseconds(400)}, cells_));
  EXPECT_FALSE(overload_.is_on(now_));
  EXPECT_EQ(cells_.overloaded_at.get(), 0U);
  EXPECT_FALSE(overload_.note_request(now_, milliseconds(300)));
}

TEST_F(OverloadTest, CountsInTheCellsOfTheCurrentGeneration) {
  OverloadCells next;
  (void)overload_.update({.target = milliseconds(200)}, next);
  overload_.note_shed();
  (void)overload_.note_request(now_, milliseconds(300));
  EXPECT_EQ(cells_.shed.get() + cells_.overloaded_at.get(), 0U);
  EXPECT_EQ(next.shed.get(), 1U);
  EXPECT_GT(next.overloaded_at.get(), 0U);
}

TEST_F(OverloadTest, KnownUsersAreNotOvertaken) {
  EXPECT_EQ(overload_.patience(true), net::Stream::kAtHand);
  EXPECT_EQ(overload_.patience(false), milliseconds(200));
  EXPECT_EQ(overload_.accept_patience(), milliseconds(200));
  (void)overload_.update({.target = Duration::zero()}, cells_);
  EXPECT_EQ(overload_.accept_patience(), Duration::max()) << "0 sheds requests, not connections";
}

TEST_F(OverloadTest, SpreadsTheReturnOfRefusedClients) {
  std::multiset<std::int64_t> seen;
  for (int i = 0; i < 6; ++i) seen.insert(overload_.retry_after());
  EXPECT_EQ(seen, (std::multiset<std::int64_t>{2, 2, 3, 3, 4, 4}));
  (void)overload_.update({.target = milliseconds(200), .retry_after = milliseconds(1500)}, cells_);
  EXPECT_GE(overload_.retry_after(), 2) << "rounded up";
}

TEST_F(OverloadTest, TellsTheLongestWaitOfEachSecond) {
  (void)overload_.note_request(now_, milliseconds(30));
  (void)overload_.note_request(now_, milliseconds(20));
  overload_.tick();
  EXPECT_EQ(cells_.delay_us.get(), 30'000U);
  (void)overload_.note_request(now_, milliseconds(10));
  overload_.tick();
  EXPECT_EQ(cells_.delay_us.get(), 10'000U);
  overload_.tick();
  EXPECT_EQ(cells_.delay_us.get(), 0U);
}

TEST_F(OverloadTest, BoundsTheBacklogWhileItIsOn) {
  EXPECT_EQ(overload_.backlog(1000, now_), net::kBacklog);
  (void)overload_.note_request(now_, milliseconds(300));
  EXPECT_EQ(overload_.backlog(1000, now_), 100) << "half of the target, at 1000 per second";
  EXPECT_EQ(overload_.backlog(0, now_), kOverloadedBacklogMin);
  EXPECT_EQ(overload_.backlog(1'000'000, now_), net::kBacklog);
  EXPECT_EQ(overload_.backlog(1000, now_ + seconds(1)), net::kBacklog);
  (void)overload_.update({.target = Duration::zero()}, cells_);
  (void)overload_.note_request(now_, milliseconds(300));
  EXPECT_EQ(overload_.backlog(1000, now_), net::kBacklog);
}

}  // namespace
}  // namespace sluice::server
