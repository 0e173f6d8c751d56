// SPDX-License-Identifier: Apache-2.0
#include "admin/shape.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

Json read_shape(std::string_view text) { return schema_of_shape(text).value_or(Json("no shape")); }

const Json kText = {{"type", "string"}};
const Json kInteger = {{"type", "integer"}};

TEST(Shape, Types) {
  EXPECT_EQ(read_shape("text"), kText);
  EXPECT_EQ(read_shape(" integer "), kInteger);
  EXPECT_EQ(read_shape("any"), Json::object());
  EXPECT_EQ(read_shape("[null]"), (Json{{"type", "array"}, {"items", {{"type", "null"}}}}));
  EXPECT_EQ(read_shape("Pipeline"), (Json{{"$ref", "#/components/schemas/Pipeline"}}));
}

TEST(Shape, Members) {
  EXPECT_EQ(read_shape("{name, size?: integer}"),
            (Json{{"type", "object"},
                  {"required", {"name"}},
                  {"properties", {{"name", kText}, {"size", kInteger}}}}));
  EXPECT_EQ(read_shape("{*: text}"), (Json{{"type", "object"}, {"additionalProperties", kText}}));
}

TEST(Shape, Choices) {
  EXPECT_EQ(read_shape("'a' | 'b c'"), (Json{{"type", "string"}, {"enum", {"a", "b c"}}}));
  EXPECT_EQ(read_shape("text|integer"), (Json{{"anyOf", {kText, kInteger}}}));
}

TEST(Shape, AnythingElseIsNone) {
  for (const char* text : {"", "txt", "[text", "{", "{}", "{a: }", "{a,}", "{*}", "text text", "'a",
                           "a|", "{a: text]"})
    EXPECT_FALSE(schema_of_shape(text)) << text;
}

}  // namespace
}  // namespace sluice::admin
