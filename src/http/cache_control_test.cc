// SPDX-License-Identifier: Apache-2.0
#include "http/cache_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/date.h"

namespace sluice::http {
namespace {

using testing::ElementsAre;

CacheControl parse(std::initializer_list<const char*> values) {
  Headers headers;
  for (const char* value : values) headers.add("Cache-Control", value);
  return parse_cache_control(headers);
}

TEST(CacheControl, Directives) {
  const CacheControl control = parse(
      {"No-Store, max-age=10,,s-maxage = \"20\"", "private=\"a, no-cache\", MUST-REVALIDATE"});
  EXPECT_TRUE(control.no_store);
  EXPECT_TRUE(control.is_private);
  EXPECT_TRUE(control.must_revalidate);
  EXPECT_FALSE(control.no_cache) << "it stands within a quoted string";
  EXPECT_EQ(control.max_age, 10);
  EXPECT_EQ(control.s_maxage, 20);
  EXPECT_FALSE(control.min_fresh);
}

TEST(CacheControl, Stale) {
  EXPECT_EQ(parse({"max-stale"}).max_stale, kDeltaSecondsMax);
  EXPECT_EQ(parse({"max-stale=5"}).max_stale, 5);
  const CacheControl control =
      parse({"stale-while-revalidate=3, stale-if-error=4, proxy-revalidate, must-understand"});
  EXPECT_EQ(control.stale_while_revalidate, 3);
  EXPECT_EQ(control.stale_if_error, 4);
  EXPECT_TRUE(control.proxy_revalidate);
  EXPECT_TRUE(control.must_understand);
}

TEST(CacheControl, NumbersThatAreNone) {
  EXPECT_EQ(parse({"max-age=x"}).max_age, 0);
  EXPECT_EQ(parse({"max-age=-1"}).max_age, 0);
  EXPECT_EQ(parse({"max-age"}).max_age, 0);
  EXPECT_EQ(parse({"max-age=99999999999999999999"}).max_age, std::int64_t{1} << 31);
  EXPECT_EQ(parse({"max-age=60, max-age=5"}).max_age, 5);
}

TEST(CacheControl, Elements) {
  std::vector<std::string> elements;
  for_each_element(" a , \"b,\\\",c\" ,, d", [&](std::string_view e) { elements.emplace_back(e); });
  EXPECT_THAT(elements, ElementsAre("a", "\"b,\\\",c\"", "d"));
}

TEST(Date, AllThreeForms) {
  constexpr std::int64_t kNow = 1'700'000'000;  // 2023
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow), 784111777);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow), 784111777);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994", kNow), 784111777);
  EXPECT_EQ(parse_date("Thu, 01 Jan 1970 00:00:00 GMT", kNow), 0);
  EXPECT_EQ(parse_date("Monday, 01-Jan-70 00:00:00 GMT", kNow), 3155760000) << "2070";
}

TEST(Date, Format) {
  EXPECT_EQ(format_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
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
