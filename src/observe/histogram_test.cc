// SPDX-License-Identifier: Apache-2.0
#include "observe/histogram.h"

#include <gtest/gtest.h>

namespace sluice::observe {
namespace {

TEST(Histogram, BoundsHoldTheirValuesAndGrow) {
  for (std::uint64_t value = 0; value < 5'000'000; value += 1 + value / 7) {
    const std::size_t bucket = Histogram::bucket_of(value);
    EXPECT_LE(value, Histogram::bound_of(bucket)) << value;
    if (bucket > 0) {
      EXPECT_GT(value, Histogram::bound_of(bucket - 1)) << value;
    }
    EXPECT_LE(static_cast<double>(Histogram::bound_of(bucket) - value),
              0.125 * static_cast<double>(value) + 1)
        << value;
  }
  EXPECT_EQ(Histogram::bucket_of((std::uint64_t{15} << 31) - 1), Histogram::kBuckets - 2);
  EXPECT_EQ(Histogram::bucket_of(std::uint64_t{15} << 31), Histogram::kBuckets - 1);
  EXPECT_EQ(Histogram::bucket_of(~std::uint64_t{0}), Histogram::kBuckets - 1);
}

TEST(Histogram, SumsAndRemembersTheGreatest) {
  Histogram one;
  Histogram other;
  EXPECT_EQ(one.max(), 0U);
  for (std::uint64_t i = 0; i < 5; ++i) one.add(7);
  one.add(3);
  other.add(100'000);
  other.add(7);
  EXPECT_EQ(one.max(), 7U);
  EXPECT_EQ(other.max(), 100'000U);
  Histogram::Counts counts{};
  one.add_to(counts);
  other.add_to(counts);
  EXPECT_EQ(total_of(counts), 8U);
  EXPECT_EQ(counts[3], 1U);
  EXPECT_EQ(counts[7], 6U);
}

TEST(Histogram, ValuesByRank) {
  Histogram histogram;
  histogram.add(2);
  for (int i = 0; i < 3; ++i) histogram.add(5);
  Histogram::Counts counts{};
  histogram.add_to(counts);
  EXPECT_FALSE(value_at(counts, 0));
  EXPECT_EQ(value_at(counts, 1), 2U);
  EXPECT_EQ(value_at(counts, 2), 5U);
  EXPECT_EQ(value_at(counts, 4), 5U);
  EXPECT_FALSE(value_at(counts, 5));
  EXPECT_FALSE(value_at(Histogram::Counts{}, 1));
}

}  // namespace
}  // namespace sluice::observe
