// SPDX-License-Identifier: Apache-2.0
#include "server/memory_pressure.h"

#include <gtest/gtest.h>

namespace sluice::server {
namespace {

constexpr std::size_t kBudget = std::size_t{100} << 20;

TEST(MemoryPressure, MarksComeInTheStatedOrder) {
  EXPECT_EQ(memory_pressure(0, kBudget), Pressure::none);
  EXPECT_EQ(memory_pressure(kBudget / 100 * 69, kBudget), Pressure::none);
  EXPECT_EQ(memory_pressure(kBudget / 100 * 70, kBudget), Pressure::streams);
  EXPECT_EQ(memory_pressure(kBudget / 100 * 80, kBudget), Pressure::bodies);
  EXPECT_EQ(memory_pressure(kBudget / 100 * 85, kBudget), Pressure::idle);
  EXPECT_EQ(memory_pressure(kBudget / 100 * 95, kBudget), Pressure::connections);
  EXPECT_EQ(memory_pressure(3 * kBudget, kBudget), Pressure::connections);
}

TEST(MemoryPressure, MoreMemoryNeverMeansLessPressure) {
  Pressure last = Pressure::none;
  for (std::size_t held = 0; held < 2 * kBudget; held += 4099) {
    const Pressure now = memory_pressure(held, kBudget);
    ASSERT_GE(now, last) << held;
    last = now;
  }
}

TEST(MemoryPressure, NothingIsShedWithoutABudget) {
  MemoryAccount account;
  account.take(MemoryUse::heads, std::size_t{1} << 40);
  EXPECT_FALSE(MemoryPressure(account).sheds(Pressure::streams));
  account.give(MemoryUse::heads, std::size_t{1} << 40);
}

TEST(MemoryPressure, EachStepIncludesThoseBeforeIt) {
  MemoryBudget budget(kBudget, 1);
  MemoryAccount account;
  account.join(budget, 0);
  const MemoryPressure pressure(account);
  EXPECT_FALSE(pressure.sheds(Pressure::streams));
  account.take(MemoryUse::responses, kBudget / 100 * 82);
  EXPECT_TRUE(pressure.sheds(Pressure::streams));
  EXPECT_TRUE(pressure.sheds(Pressure::bodies));
  EXPECT_FALSE(pressure.sheds(Pressure::idle));
  account.give(MemoryUse::responses, kBudget / 100 * 82);
  EXPECT_FALSE(pressure.sheds(Pressure::streams));
}

TEST(MemoryPressure, KnownUsersAreShedAStepLater) {
  MemoryBudget budget(kBudget, 1);
  MemoryAccount account;
  account.join(budget, 0);
  const MemoryPressure pressure(account);
  account.take(MemoryUse::responses, kBudget / 100 * 82);
  EXPECT_FALSE(pressure.sheds(Pressure::bodies, Standing::known));
  EXPECT_TRUE(pressure.sheds(Pressure::streams, Standing::known));
  account.give(MemoryUse::responses, kBudget / 100 * 82);
}

}  // namespace
}  // namespace sluice::server
