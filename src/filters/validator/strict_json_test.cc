// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/strict_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace sluice::filters {
namespace {

TEST(StrictJson, ReadsWhatItWrites) {
  const std::string text = R"({"a":[1,-2,2.5,{"b":null}],"c":{"d":true,"e":"x"},"f":[[],{}]})";
  const auto json = parse_strict_json(text);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->dump(), text);
}

TEST(StrictJson, RefusesWhatTwoParsersReadDifferently) {
  for (const char* text :
       {R"({"a":1,"a":2})", R"({"a":1,"a":1})", R"({"x":{"b":1,"b":2}})", R"([{"b":1,"b":2}])",
        "{\"a\":1}x", "", "{", "{'a':1}", "[1,]", "{\"a\":01}", "{\"a\":1e999}", "\xff",
        "{\"a\":\"\xff\"}", "nul", "\xef\xbb\xbf{}"})
    EXPECT_FALSE(parse_strict_json(text)) << text;
}

TEST(StrictJson, DepthHasALimit) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_strict_json(nested(kJsonDepthMax)));
  EXPECT_FALSE(parse_strict_json(nested(kJsonDepthMax + 1)));
  EXPECT_FALSE(parse_strict_json(nested(100'000)));
}

}  // namespace
}  // namespace sluice::filters
