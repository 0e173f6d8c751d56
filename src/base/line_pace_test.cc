// SPDX-License-Identifier: Apache-2.0
#include "base/line_pace.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(LinePace, EachPeriodHasOneLine) {
  LinePace pace(std::chrono::seconds(10));
  const TimePoint start = Clock::now();
  EXPECT_EQ(pace.pass(start), 0U);
  EXPECT_EQ(pace.pass(start), std::nullopt);
  EXPECT_EQ(pace.pass(start + std::chrono::milliseconds(9'999)), std::nullopt);
  EXPECT_EQ(pace.pass(start + std::chrono::seconds(10)), 2U);
  EXPECT_EQ(pace.pass(start + std::chrono::seconds(11)), std::nullopt);
  EXPECT_EQ(pace.pass(start + std::chrono::seconds(60)), 1U);
}

TEST(LinePace, TheNoteCountsWhatIsMissing) {
  EXPECT_EQ(more_note(0), "");
  EXPECT_EQ(more_note(12), " (12 more since the last such line)");
}

}  // namespace
}  // namespace sluice
