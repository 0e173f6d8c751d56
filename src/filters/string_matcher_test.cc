// SPDX-License-Identifier: Apache-2.0
#include "filters/string_matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

StringMatcher make(StringMatcherSpec spec) {
  config::Faults faults;
  auto matcher = StringMatcher::build(spec, "", faults);
  EXPECT_TRUE(matcher.has_value());
  return std::move(*matcher);
}

std::vector<std::string> faults_of(StringMatcherSpec spec) {
  config::Faults faults;
  EXPECT_FALSE(StringMatcher::build(spec, "match", faults).has_value());
  return faults.lines();
}

TEST(StringMatcher, FitsAnyOfItsPatterns) {
  const StringMatcher matcher = make({.exact = "a", .prefix = "b", .regex = "c+d"});
  for (const auto* text : {"a", "bee", "b", "xccdx"}) EXPECT_TRUE(matcher.matches(text)) << text;
  for (const auto* text : {"", "aa", "cx"}) EXPECT_FALSE(matcher.matches(text)) << text;
}

TEST(StringMatcher, EmptyFitsOnlyTheEmpty) {
  const StringMatcher matcher = make({.empty = true});
  EXPECT_TRUE(matcher.matches(""));
  EXPECT_FALSE(matcher.matches("x"));
}

TEST(StringMatcher, RefusesWhatMakesNoSense) {
  using ::testing::ElementsAre;
  using ::testing::StartsWith;
  EXPECT_THAT(faults_of({}), ElementsAre("match: needs one of exact, prefix, regex and empty"));
  EXPECT_THAT(faults_of({.exact = "a", .empty = true}),
              ElementsAre("match: empty excludes exact, prefix and regex"));
  EXPECT_THAT(faults_of({.regex = "("}),
              ElementsAre(StartsWith("match.regex: \"(\" is not a regular expression: ")));
}

TEST(HeaderMatcher, OneOrAll) {
  config::Faults faults;
  const HeaderMatcher::Spec spec{{"X-A", {.exact = "1"}}, {"X-B", {.prefix = "2"}}};
  const HeaderMatcher any = HeaderMatcher::build(spec, false, "headers", faults);
  const HeaderMatcher all = HeaderMatcher::build(spec, true, "headers", faults);
  http::Headers headers;
  EXPECT_FALSE(any.matches(headers));
  headers.add("x-b", "22");
  EXPECT_TRUE(any.matches(headers));
  EXPECT_FALSE(all.matches(headers));
  headers.add("x-a", "1");
  EXPECT_TRUE(all.matches(headers));
  EXPECT_TRUE(HeaderMatcher{}.matches(headers));
  EXPECT_TRUE(faults.empty());
}

TEST(HeaderMatcher, AnyValueAndNone) {
  config::Faults faults;
  const HeaderMatcher::Spec spec{{"X-A", {.exact = "1"}}};
  const HeaderMatcher one = HeaderMatcher::build(spec, false, "headers", faults);
  const HeaderMatcher none =
      HeaderMatcher::build({{"X-A", {.empty = true}}}, false, "headers", faults);
  http::Headers headers;
  EXPECT_TRUE(none.matches(headers));
  headers.add("X-A", "");
  EXPECT_TRUE(none.matches(headers));
  EXPECT_FALSE(one.matches(headers));
  headers.set("X-A", "0");
  headers.add("x-a", "1");
  EXPECT_TRUE(one.matches(headers));
  EXPECT_FALSE(none.matches(headers));
  EXPECT_TRUE(faults.empty());
}

}  // namespace
}  // namespace sluice::filters
