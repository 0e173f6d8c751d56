// SPDX-License-Identifier: Apache-2.0
#include "egctl/table.h"

#include <gtest/gtest.h>

namespace sluice::egctl {
namespace {

using namespace std::chrono_literals;

TEST(FormatTable, PadsToTabStops) {
  EXPECT_EQ(
      format_table({{"NAME", "KIND", "AGE"}, {"demo", "HTTPServer", "3d"}, {"demo-12", "P", ""}}),
      "NAME            KIND            AGE\n"
      "demo            HTTPServer      3d\n"
      "demo-12         P               -\n");
}

TEST(FormatTable, ACharacterOfTwoOctetsIsOneWide) {
  EXPECT_EQ(format_table({{"CLOCK", "OWNS"}, {"+0.1 \u00b10.2", "a"}, {"-", "b"}}),
            "CLOCK           OWNS\n"
            "+0.1 \u00b10.2       a\n"
            "-               b\n");
}

TEST(FormatTable, NoCellMovesTheCursor) {
  EXPECT_EQ(format_table({{"a\x1b[31mb"},
                          {"c\xc2\x9b"
                           "31m"},
                          {"d\xff"}}),
            "a [31mb\nc\\xc2\\x9b31m\nd\\xff\n");
}

TEST(FormatTable, AScriptCanCutIt) {
  EXPECT_EQ(format_table({{"NAME", "STATE"}, {"", "failed  on\ta,\n b "}, {"a", "ok"}}),
            "NAME    STATE\n"
            "-       failed on a, b\n"
            "a       ok\n");
  EXPECT_EQ(format_table({{"NAME", "STATE"}, {"a", "ok"}}, Header::hidden), "a       ok\n");
  EXPECT_EQ(format_table({{"NAME", "STATE"}}, Header::hidden), "");
}

TEST(ParseRfc3339, OffsetsAndFractions) {
  const auto utc = parse_rfc3339("2022-07-26T02:00:00Z");
  ASSERT_TRUE(utc);
  EXPECT_EQ(parse_rfc3339("2022-07-26T10:00:00.123+08:00"), utc);
  EXPECT_EQ(parse_rfc3339("2022-07-25T21:30:00-04:30"), utc);
  for (const char* text : {"", "2022-07-26", "2022-07-26T02:00:00", "2022-13-26T02:00:00Z", "x"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(FormatAge, LargestUnit) {
  const std::string since = "2022-07-26T02:00:00Z";
  const auto begin = *parse_rfc3339(since);
  EXPECT_EQ(format_age(since, begin + 10s), "10s");
  EXPECT_EQ(format_age(since, begin + 59s), "59s");
  EXPECT_EQ(format_age(since, begin + 60s), "1m");
  EXPECT_EQ(format_age(since, begin + 125s), "2m");
  EXPECT_EQ(format_age(since, begin + 1h), "1h");
  EXPECT_EQ(format_age(since, begin + 24h), "1d");
  EXPECT_EQ(format_age(since, begin + 5h + 10min), "5h");
  EXPECT_EQ(format_age(since, begin + 71h), "3d");
  EXPECT_EQ(format_age(since, begin - 5s), "0s");
  EXPECT_EQ(format_age("soon", begin), "");
}

}  // namespace
}  // namespace sluice::egctl
