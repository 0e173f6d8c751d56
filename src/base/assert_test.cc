// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(AssertDeathTest, OneThatFailsSaysWhereAndWhatAndEndsTheProcess) {
  const int three = 3;
  EXPECT_DEATH(SLUICE_ASSERT(three == 4, "three is four"),
               "assert_test\\.cc:[0-9]+: assertion failed: three is four \\(three == 4\\)");
}

TEST(Assert, OneThatHoldsDoesNothingAndIsEvaluatedOnce) {
  int evaluated = 0;
  SLUICE_ASSERT(++evaluated == 1, "evaluated once");
  EXPECT_EQ(evaluated, 1);
}

TEST(AssertDeathTest, TheDebugFormIsEvaluatedInCheckedBuildsOnly) {
  int evaluated = 0;
  SLUICE_DEBUG_ASSERT(++evaluated == 1, "evaluated once");
  EXPECT_EQ(evaluated, kDebugAsserts ? 1 : 0);
  if (kDebugAsserts) {
    EXPECT_DEATH(SLUICE_DEBUG_ASSERT(evaluated == 7, "seven"), "seven");
  }
}

}  // namespace
}  // namespace sluice
