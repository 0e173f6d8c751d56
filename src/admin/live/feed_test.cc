// SPDX-License-Identifier: Apache-2.0
#include "admin/live/feed.h"

#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

TEST(LiveFeed, EventsAreReadInTheirOrder) {
  LiveFeed feed;
  EXPECT_EQ(*feed.get(1), nullptr);
  feed.publish(1, "one");
  feed.publish(2, "two");
  EXPECT_EQ(**feed.get(1), "one");
  EXPECT_EQ(**feed.get(2), "two");
  EXPECT_EQ(*feed.get(3), nullptr);
}

TEST(LiveFeed, AFollowerThatIsFarBehindHasLost) {
  LiveFeed feed;
  for (std::uint64_t i = 1; i <= LiveFeed::kBehindMax + 1; ++i) feed.publish(i, "x");
  ASSERT_FALSE(feed.get(1));
  EXPECT_EQ(feed.get(1).error().kind, ErrorKind::closed);
  EXPECT_TRUE(feed.get(2));
}

TEST(LiveFeed, FollowersAreWokenWhileTheyLive) {
  LiveFeed feed;
  int woken = 0;
  {
    const LiveFeed::Follower follower(feed, [&woken] { ++woken; });
    feed.publish(1, "");
    feed.publish(2, "");
  }
  feed.publish(3, "");
  EXPECT_EQ(woken, 2);
}

}  // namespace
}  // namespace sluice::admin
