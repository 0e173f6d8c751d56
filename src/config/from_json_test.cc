// SPDX-License-Identifier: Apache-2.0
#include "config/from_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "config/encoder.h"

namespace sluice::config {
namespace {

void expect_same(const Value& a, const Value& b, const std::string& path) {
  EXPECT_EQ(a.kind, b.kind) << path;
  EXPECT_EQ(a.scalar, b.scalar) << path;
  EXPECT_EQ(a.quoted, b.quoted) << path;
  ASSERT_EQ(a.items.size(), b.items.size()) << path;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    expect_same(a.items[i], b.items[i], path + "[" + std::to_string(i) + "]");
  ASSERT_EQ(a.members.size(), b.members.size()) << path;
  for (std::size_t i = 0; i < a.members.size(); ++i) {
    EXPECT_EQ(a.members[i].key, b.members[i].key) << path;
    expect_same(a.members[i].value, b.members[i].value, path + "." + b.members[i].key);
  }
}

TEST(FromJson, IsWhatParsingItsTextGives) {
  const Json json = {
      {"text", "plain"},
      {"number as text", "12"},
      {"null as text", "null"},
      {"empty", ""},
      {"lines", "a\nb\t\"c\" \\ \x01 ä # : {"},
      {"int", -7},
      {"big", std::numeric_limits<std::uint64_t>::max()},
      {"small", std::numeric_limits<std::int64_t>::min()},
      {"double", 0.1},
      {"whole", 2.0},
      {"huge", 1e300},
      {"yes", true},
      {"no", false},
      {"nothing", nullptr},
      {"infinite", std::numeric_limits<double>::infinity()},
      {"list", Json::array({1, "two", Json::array(), Json::object(), nullptr})},
      {"map", {{"", 1}, {"a.b", {{"deep", Json::array({Json::array({1})})}}}}},
  };
  expect_same(from_json(json), *parse_document(json.dump()), "");
  Json without = json;
  without["infinite"] = nullptr;
  EXPECT_EQ(Encoder::of(from_json(json)), without);
}

TEST(FromJson, ScalarsAloneAndWhatIsNoValue) {
  EXPECT_EQ(from_json(Json("x")).scalar, "x");
  EXPECT_FALSE(from_json(Json(1)).quoted);
  EXPECT_EQ(from_json(Json()).kind, Value::Kind::null);
  EXPECT_EQ(from_json(Json(std::nan(""))).kind, Value::Kind::null);
  EXPECT_EQ(from_json(Json::parse("{", nullptr, false)).kind, Value::Kind::null);
}

}  // namespace
}  // namespace sluice::config
