// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/units.h"

#include <gtest/gtest.h>

namespace sluice::egctl::nginx {
namespace {

TEST(Units, Sizes) {
  EXPECT_EQ(size_of("8m"), 8 << 20);
  EXPECT_EQ(size_of("1K"), 1024);
  for (const char* wrong : {"", "m", "-1", "8x"}) EXPECT_FALSE(size_of(wrong)) << wrong;
}

TEST(Units, Times) {
  EXPECT_EQ(milliseconds_of("60"), 60'000);
  EXPECT_EQ(milliseconds_of("1h30m"), 5'400'000);
  EXPECT_EQ(milliseconds_of("75ms"), 75);
  EXPECT_EQ(milliseconds_of("86400"), 86'400'000);
  for (const char* wrong : {"", "m", "1x", "-1", "999999999y"})
    EXPECT_FALSE(milliseconds_of(wrong)) << wrong;
}

TEST(Units, ADurationIsInTheLargestUnitThatDividesIt) {
  EXPECT_EQ(duration_of(3'600'000), "1h");
  EXPECT_EQ(duration_of(5'400'000), "90m");
  EXPECT_EQ(duration_of(5'000), "5s");
  EXPECT_EQ(duration_of(1'500), "1500ms");
  EXPECT_EQ(duration_of(0), "0s");
}

}  // namespace
}  // namespace sluice::egctl::nginx
