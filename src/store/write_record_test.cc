// SPDX-License-Identifier: Apache-2.0
#include "store/write_record.h"

#include <gtest/gtest.h>

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

TEST(WriteRecord, BeginsWithNothing) {
  const auto statistics = WriteRecord().statistics();
  EXPECT_EQ(statistics.groups, 0U);
  EXPECT_EQ(statistics.write_us.p99, 0U);
  EXPECT_EQ(statistics.group_size.max, 0U);
}

TEST(WriteRecord, QuantilesAndTheGreatest) {
  WriteRecord record;
  for (int i = 0; i < 98; ++i) record.wrote(4, 100us);
  record.wrote(1'000, 20ms);
  record.wrote(1'000, 30ms);
  record.failed();
  const auto statistics = record.statistics();
  EXPECT_EQ(statistics.groups, 100U);
  EXPECT_EQ(statistics.commits, 98U * 4 + 2'000);
  EXPECT_EQ(statistics.failures, 1U);
  EXPECT_NEAR(static_cast<double>(statistics.group_size.p50), 4, 1);
  EXPECT_NEAR(static_cast<double>(statistics.group_size.p99), 1'000, 125);
  EXPECT_EQ(statistics.group_size.max, 1'000U);
  EXPECT_NEAR(static_cast<double>(statistics.write_us.p50), 100, 13);
  EXPECT_NEAR(static_cast<double>(statistics.write_us.p99), 20'000, 2'500);
  EXPECT_EQ(statistics.write_us.max, 30'000U);
  EXPECT_EQ(statistics.writes.count(), 100U);
  EXPECT_EQ(statistics.writes.buckets.front(), 98U) << "below a millisecond";
  EXPECT_EQ(statistics.writes.total_us, 98U * 100 + 50'000);
}

}  // namespace
}  // namespace sluice::store
