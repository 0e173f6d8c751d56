// SPDX-License-Identifier: Apache-2.0
#include "control/claims.h"

#include <gtest/gtest.h>

#include <future>

namespace sluice::control {
namespace {

using namespace std::chrono_literals;

TEST(Claims, OthersDoNotWait) {
  Claims claims;
  const auto a = claims.take({"a"});
  const auto b = claims.take({"b", "c"});
  EXPECT_FALSE(claims.try_take("c"));
  EXPECT_TRUE(claims.try_take("d"));
  EXPECT_FALSE(a.stop().stop_requested());
}

TEST(Claims, TheSameNameComesInTheOrderOfAsking) {
  Claims claims;
  std::optional<Claims::Claim> first(claims.take({"a", "b"}));
  std::promise<void> asks;
  auto second = std::async(std::launch::async, [&] {
    asks.set_value();
    return claims.take({"b", "c"});
  });
  asks.get_future().wait();
  EXPECT_EQ(second.wait_for(50ms), std::future_status::timeout);
  // `c` is free, but the earlier caller gets it first.
  auto third = std::async(std::launch::async, [&] { return claims.take({"c"}); });
  EXPECT_EQ(third.wait_for(50ms), std::future_status::timeout);
  first.reset();
  std::optional<Claims::Claim> has(second.get());
  EXPECT_EQ(third.wait_for(20ms), std::future_status::timeout);
  has.reset();
  third.get();
}

TEST(Claims, WorkInTheBackgroundGivesWay) {
  Claims claims;
  auto background = claims.try_take("a");
  ASSERT_TRUE(background);
  const auto stop = background->stop();
  auto waits = std::async(std::launch::async, [&] { return claims.take({"a"}); });
  while (!stop.stop_requested()) std::this_thread::yield();
  background.reset();
  const auto claim = waits.get();
  EXPECT_FALSE(claim.stop().stop_requested());
}

TEST(Claims, OneThatIsNotGotStandsInNobodysWay) {
  Claims claims;
  std::optional<Claims::Claim> held(claims.take({"a"}));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(claims.try_take("a"));
  held.reset();
  EXPECT_TRUE(claims.try_take("a"));
  EXPECT_TRUE(claims.try_take("a")) << "the first of these has been given back";
}

// Only background work is asked to stop.
TEST(Claims, AChangeStopsForNoOtherChange) {
  Claims claims;
  std::optional<Claims::Claim> first(claims.take({"a"}));
  const auto stop = first->stop();
  auto second = std::async(std::launch::async, [&] { return claims.take({"a"}); });
  EXPECT_EQ(second.wait_for(50ms), std::future_status::timeout);
  EXPECT_FALSE(stop.stop_requested());
  first.reset();
  (void)second.get();
}

TEST(Claims, TheEndStopsAll) {
  Claims claims;
  const auto held = claims.take({"a"});
  claims.end();
  EXPECT_TRUE(held.stop().stop_requested());
  EXPECT_TRUE(claims.take({"b"}).stop().stop_requested());
  EXPECT_FALSE(claims.try_take("c"));
}

}  // namespace
}  // namespace sluice::control
