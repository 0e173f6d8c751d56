// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, GoSyntax) {
  EXPECT_EQ(parse_duration("300ms"), 300ms);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("2h45m"), 165min);
  EXPECT_EQ(parse_duration("-1m"), -1min);
  EXPECT_EQ(parse_duration("+5us"), 5us);
  EXPECT_EQ(parse_duration("\u00b5s"), std::nullopt);
  EXPECT_EQ(parse_duration("7\u00b5s"), 7us);
  EXPECT_EQ(parse_duration(".5s"), 500ms);
  EXPECT_EQ(parse_duration("0"), 0s);
}

TEST(ParseDuration, RefusesWhatIsNotOne) {
  for (const char* text :
       {"", "100", "s", "1 s", "1.s.", "1d", "ms1", "-", "1e3s", "9999999999h"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(ParseDuration, TheLongestHasRoomInAClock) {
  const auto longest = parse_duration("2190000h");
  ASSERT_TRUE(longest);
  EXPECT_GT(TimePoint() + 40 * 365 * 24h + *longest, TimePoint());
  EXPECT_EQ(parse_duration("2200000h"), std::nullopt);
}

TEST(FormatDuration, RoundTrips) {
  EXPECT_EQ(format_duration(1500ms), "1.5s");
  EXPECT_EQ(format_duration(90s), "1m30s");
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(2h), "2h");
  for (const Duration d :
       {Duration(1ns), Duration(1234567ns), Duration(100ms), Duration(3h + 5s), Duration(-7s)}) {
    EXPECT_EQ(parse_duration(format_duration(d)), d);
  }
}

}  // namespace
}  // namespace sluice
