// SPDX-License-Identifier: Apache-2.0
#include "control/change_retries.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice::control {
namespace {

TEST(ChangeRetriesTest, TriesForAsLongAsTheBoundSays) {
  const TimePoint begin{std::chrono::hours(1)};
  ChangeRetries retries(begin);
  TimePoint now = begin;
  int tries = 0;
  while (const auto next = retries.next(now)) {
    EXPECT_GE(*next, now);
    EXPECT_LE(*next - now, ChangeRetries::kPauseMax);
    EXPECT_LE(*next, begin + ChangeRetries::kMax);
    // Each try itself takes a moment.
    now = *next + std::chrono::milliseconds(1);
    ++tries;
  }
  EXPECT_GE(now, begin + ChangeRetries::kMax);
  EXPECT_GE(tries, ChangeRetries::kMax / ChangeRetries::kPauseMax / 2);
}

TEST(ChangeRetriesTest, ASlowTryIsFollowedByOthersWhileThereIsTime) {
  const TimePoint begin{std::chrono::hours(1)};
  ChangeRetries retries(begin);
  EXPECT_TRUE(retries.next(begin + ChangeRetries::kMax - std::chrono::nanoseconds(1)));
  EXPECT_FALSE(retries.next(begin + ChangeRetries::kMax));
}

TEST(ChangeRetriesTest, MembersDoNotMeetAgain) {
  const TimePoint begin{std::chrono::hours(1)};
  std::set<TimePoint> begins;
  for (int member = 0; member < 20; ++member) {
    ChangeRetries retries(begin);
    for (int i = 0; i < 9; ++i) (void)retries.next(begin);
    begins.insert(*retries.next(begin));
  }
  EXPECT_GT(begins.size(), 10U);
}

}  // namespace
}  // namespace sluice::control
