// SPDX-License-Identifier: Apache-2.0
#include "observe/durations.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::observe {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

TEST(Durations, ADurationCountsBelowTheFirstBoundThatHoldsIt) {
  DurationTable table(1, 1);
  table.add(0, 0, microseconds(1000));
  table.add(0, 0, microseconds(1001));
  table.add(0, 0, seconds(5));
  table.add(0, 0, seconds(6));
  table.add(0, 0, -seconds(1));
  const DurationCounts counts = table.sum(0);
  EXPECT_EQ(counts.buckets,
            (std::array<std::uint64_t, kDurationBuckets>{2, 1, 0, 0, 0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(counts.total_us, 11'002'001U);
  EXPECT_EQ(counts.count(), 5U);
}

TEST(Durations, RowsAreApartAndCoresTogether) {
  DurationTable table(3, 2);
  table.add(0, 0, microseconds(1));
  table.add(2, 0, microseconds(2));
  table.add(2, 1, microseconds(5));
  EXPECT_EQ(table.sum(0).count(), 2U);
  EXPECT_EQ(table.sum(0).total_us, 3U);
  EXPECT_EQ(table.sum(1).count(), 1U);
}

TEST(Durations, AFineHistogramBecomesCoarse) {
  Histogram fine;
  for (const std::uint64_t us : {3U, 900U, 4'000U, 30'000'000U}) fine.add(us);
  Histogram::Counts all{};
  fine.add_to(all);
  const DurationCounts counts = coarse(all, 30'004'903);
  EXPECT_EQ(counts.count(), 4U);
  EXPECT_EQ(counts.buckets.front(), 2U);
  EXPECT_EQ(counts.buckets[1], 1U);
  EXPECT_EQ(counts.buckets.back(), 1U);
}

TEST(Durations, TheBoundsGrow) {
  for (std::size_t i = 1; i < kDurationBounds.size(); ++i)
    EXPECT_LT(kDurationBounds[i - 1].us, kDurationBounds[i].us);
  const auto waits = [](const DurationBound& bound) { return bound.us >= 100'000; };
  for (auto bound = std::ranges::find_if(kDurationBounds, waits);
       bound + 1 != kDurationBounds.end(); ++bound)
    EXPECT_LE((bound + 1)->us * 2, bound->us * 5) << bound->us;
  for (const DurationBound& bound : kDurationBounds)
    EXPECT_DOUBLE_EQ(std::stod(std::string(bound.seconds)) * 1e6, static_cast<double>(bound.us));
}

}  // namespace
}  // namespace sluice::observe
