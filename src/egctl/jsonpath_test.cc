// SPDX-License-Identifier: Apache-2.0
#include "egctl/jsonpath.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::egctl {
namespace {

const Json kObjects = Json::parse(R"([
  {"name": "shop", "kind": "HTTPServer", "port": 80, "rules": [{"host": "a"}, {"host": "b"}]},
  {"name": "sale", "kind": "Pipeline", "port": 9, "a.b": true, "rules": []}])");

std::string apply(std::string_view text) {
  const auto path = JsonPath::parse(text);
  return path ? path->apply(kObjects) : path.error().message;
}

TEST(JsonPath, MembersAndElements) {
  EXPECT_EQ(apply("{[0].name}"), "shop");
  EXPECT_EQ(apply("{.[0].name}"), "shop");
  EXPECT_EQ(apply("{$[1].name}"), "sale");
  EXPECT_EQ(apply("{[-1].name}"), "sale");
  EXPECT_EQ(apply("{[0].rules[1].host}"), "b");
  EXPECT_EQ(apply("{[0].rules[0]}"), R"({"host":"a"})");
  EXPECT_EQ(apply("{[1]['a.b']}"), "true");
  EXPECT_EQ(apply("{[1].a\\.b}"), "true");
  EXPECT_EQ(apply("{[*].port}"), "80 9");
  EXPECT_EQ(apply("{[*].rules[*].host}"), "a b");
  EXPECT_EQ(apply("{[0:1].name}"), "shop");
  EXPECT_EQ(apply("{[1:].name}"), "sale");
}

TEST(JsonPath, AListHasItemsAsThatOfKubectl) { EXPECT_EQ(apply("{.items[*].name}"), "shop sale"); }

TEST(JsonPath, WhatIsAbsentIsNothing) {
  for (const char* text :
       {"{[7].name}", "{[-3].name}", "{.name}", "{[0].nothing.more}", "{[0].port[0]}"})
    EXPECT_EQ(apply(text), "") << text;
}

TEST(JsonPath, Filters) {
  EXPECT_EQ(apply(R"({[?(@.name=="sale")].kind})"), "Pipeline");
  EXPECT_EQ(apply(R"({[?(@.name != 'sale')].kind})"), "HTTPServer");
  EXPECT_EQ(apply("{[?(@.port > 9)].name}"), "shop");
  EXPECT_EQ(apply("{[?(@.port >= 9)].name}"), "shop sale");
  EXPECT_EQ(apply("{[?(@.port < 80)].name}"), "sale");
  EXPECT_EQ(apply("{[?(@.port <= 9)].name}"), "sale");
  EXPECT_EQ(apply("{[?(@.rules[0])].name}"), "shop");
  EXPECT_EQ(apply("{[?(@.name > 3)].name}"), "") << "a text is not compared with a number";
  EXPECT_EQ(apply("{[?(@.port == $[1].port)].name}"), "sale");
}

TEST(JsonPath, RangesAndText) {
  EXPECT_EQ(apply(R"({range [*]}{.name}={.port}{"\n"}{end})"), "shop=80\nsale=9\n");
  EXPECT_EQ(apply(R"({range .items[*]}{.name}{"\t"}{range .rules[*]}{.host},{end}{end})"),
            "shop\ta,b,sale\t");
  EXPECT_EQ(apply("names: {[*].name}."), "names: shop sale.");
  EXPECT_EQ(apply(R"({[0].name " of " [0].kind})"), "shop of HTTPServer");
}

TEST(JsonPath, WrongOnesAreRefusedWithTheirPlace) {
  for (const auto& [text, why] : std::vector<std::pair<const char*, const char*>>{
           {"{..name}", "character 2: '..' is not supported"},
           {"{.name", "'}' is missing"},
           {"{}", "holds no path"},
           {"{name}", "character 2: a path begins with . or ["},
           {"{.a[}", "is missing after '['"},
           {"{.a[0}", "']' is missing"},
           {"{[?(@.a==b)]}", "a condition compares"},
           {"{[?(@.a==1]}", "')' is missing"},
           {"{range [*]}{.a}", "{range} without {end}"},
           {"{end}", "{end} without {range}"},
           {"{[99999999999]}", "out of range"},
           {"{.a.}", "a name is missing"},
           {"{\"x}", "'\"' is missing"}}) {
    const auto path = JsonPath::parse(text);
    ASSERT_FALSE(path) << text;
    EXPECT_TRUE(path.error().message.contains(why)) << text << ": " << path.error().message;
  }
  std::string deep;
  for (int i = 0; i < 17; ++i) deep += "{range [*]}";
  EXPECT_FALSE(JsonPath::parse(deep));
}

}  // namespace
}  // namespace sluice::egctl
