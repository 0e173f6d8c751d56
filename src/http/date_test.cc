// SPDX-License-Identifier: Apache-2.0
#include "http/date.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(Date, AllThreeForms) {
  constexpr std::int64_t kNow = 1'700'000'000;  // 2023
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow), 784111777);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow), 784111777);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994", kNow), 784111777);
  EXPECT_EQ(parse_date("Thu, 01 Jan 1970 00:00:00 GMT", kNow), 0);
  EXPECT_EQ(parse_date("Monday, 01-Jan-70 00:00:00 GMT", kNow), 3155760000) << "2070";
  EXPECT_EQ(parse_date("Sunday, 01-Jan-73 00:00:00 GMT", kNow), 3250454400) << "2073";
  EXPECT_EQ(parse_date("Tuesday, 01-Jan-74 00:00:00 GMT", kNow), 126230400) << "1974";
}

TEST(Date, Format) {
  EXPECT_EQ(format_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_date(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(format_date(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(format_date(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(Date, WhatIsNone) {
  for (const char* text :
       {"", "0", "-1", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun,06 Nov 1994 08:49:37 GMT", "tomorrow at nine"}) {
    EXPECT_FALSE(parse_date(text, 0)) << text;
  }
}

}  // namespace
}  // namespace sluice::http
