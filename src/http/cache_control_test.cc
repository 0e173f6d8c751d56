// SPDX-License-Identifier: Apache-2.0
// Covers: date.cc
#include "http/cache_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

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
  EXPECT_EQ(parse({"max-age=18446744073709551617"}).max_age, std::int64_t{1} << 31) << "2^64 + 1";
  EXPECT_EQ(parse({"max-stale=99999999999"}).max_stale, std::int64_t{1} << 31);
  EXPECT_EQ(parse({"max-age=60, max-age=5"}).max_age, 5);
}

TEST(CacheControl, Elements) {
  std::vector<std::string> elements;
  for_each_element(" a , \"b,\\\",c\" ,, d", [&](std::string_view e) { elements.emplace_back(e); });
  EXPECT_THAT(elements, ElementsAre("a", "\"b,\\\",c\"", "d"));
}

}  // namespace
}  // namespace sluice::http
