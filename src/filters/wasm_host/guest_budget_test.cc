// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/guest_budget.h"

#include <gtest/gtest.h>

#include <optional>

namespace sluice::filters {
namespace {

TEST(GuestBudget, CountsAllFilters) {
  GuestBudget budget(100);
  const auto a = budget.reserve("a/wasm", 60);
  ASSERT_TRUE(a);
  const auto refused = budget.reserve("b/wasm", 41);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "41 guests and the 60 of other filters are more than 100, which is max-guests: lower "
            "maxConcurrency, or start the server with a higher --max-guests");
  EXPECT_TRUE(budget.reserve("b/wasm", 40));
}

TEST(GuestBudget, AGenerationThatFollowsNeedsNoPlaceOfItsOwn) {
  GuestBudget budget(100);
  std::optional<GuestBudget::Reservation> old(*budget.reserve("a/wasm", 90));
  const auto fresh = budget.reserve("a/wasm", 90);
  ASSERT_TRUE(fresh);
  EXPECT_TRUE(budget.reserve("a/wasm", 100));
  EXPECT_FALSE(budget.reserve("a/wasm", 101));
  EXPECT_FALSE(budget.reserve("b/wasm", 11));
  old.reset();
  EXPECT_FALSE(budget.reserve("b/wasm", 11)) << "the new one has its 90 still";
  EXPECT_TRUE(budget.reserve("b/wasm", 10));
}

TEST(GuestBudget, TheLargestGenerationCountsUntilItHasLeft) {
  GuestBudget budget(100);
  std::optional<GuestBudget::Reservation> old(*budget.reserve("a/wasm", 90));
  const auto smaller = budget.reserve("a/wasm", 10);
  EXPECT_FALSE(budget.reserve("b/wasm", 50));
  old.reset();
  EXPECT_TRUE(budget.reserve("b/wasm", 50));
}

}  // namespace
}  // namespace sluice::filters
