// SPDX-License-Identifier: Apache-2.0
#include "control/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> faults_by(const char* schema, const char* value) {
  config::Faults faults;
  const auto compiled = JsonSchema::compile(Json::parse(schema), "s", faults);
  EXPECT_THAT(faults.lines(), ElementsAre()) << schema;
  if (compiled) compiled->check(Json::parse(value), "v", faults);
  return faults.lines();
}

struct SchemaRow {
  const char* schema;
  const char* right;
  const char* wrong;
  const char* fault;
};

const SchemaRow kSchemaRows[] = {
    {R"({"type": "string"})", R"("a")", "1", "v: must be of type string"},
    {R"({"type": ["string", "null"]})", "null", "1", "v: must be of type string or null"},
    {R"({"type": "integer"})", "2.0", "2.5", "v: must be of type integer"},
    {R"({"type": "number"})", "2.5", R"("2.5")", "v: must be of type number"},
    {R"({"type": "boolean"})", "true", R"("true")", "v: must be of type boolean"},
    {R"({"type": "array"})", "[]", "{}", "v: must be of type array"},
    {R"({"const": "a"})", R"("a")", R"("b")", R"(v: must be "a")"},
    {R"({"enum": ["a", 1]})", "1", R"("b")", R"(v: must be one of ["a",1])"},
    {R"({"minimum": 1})", "1", "0", "v: must not be below 1.0"},
    {R"({"maximum": 1})", "1", "1.5", "v: must not be above 1.0"},
    {R"({"exclusiveMinimum": 1})", "1.1", "1", "v: must be above 1.0"},
    {R"({"exclusiveMaximum": 1})", "0", "1", "v: must be below 1.0"},
    {R"({"multipleOf": 5})", "15", "16", "v: must be a multiple of 5.0"},
    {R"({"minLength": 2})", R"("äö")", R"("ä")", "v: must have 2 characters at least"},
    {R"({"maxLength": 2})", R"("äö")", R"("abc")", "v: must have 2 characters at most"},
    {R"({"pattern": "^a+$"})", R"("aa")", R"("ab")", R"(v: must match "^a+$")"},
    {R"({"minItems": 1})", "[1]", "[]", "v: must have 1 items at least"},
    {R"({"maxItems": 1})", "[1]", "[1, 2]", "v: must have 1 items at most"},
    {R"({"uniqueItems": true})", "[1, 2]", "[1, 1]", "v: must not have an item twice"},
    {R"({"items": {"type": "string"}})", R"(["a"])", R"(["a", 2])", "v[1]: must be of type string"},
    {R"({"required": ["a"]})", R"({"a": null})", "{}", "v.a: is required"},
    {R"({"properties": {"a": {"type": "null"}}})", R"({"b": 1})", R"({"a": 1})",
     "v.a: must be of type null"},
    {R"({"properties": {"a": {}}, "additionalProperties": false})", R"({"a": 1})", R"({"b": 1})",
     "v.b: is not a member that the schema knows"},
    {R"({"additionalProperties": {"type": "null"}})", "{}", R"({"b": 1})",
     "v.b: must be of type null"},
    {R"({"properties": {"a": false}})", "{}", R"({"a": 1})", "v.a: must not be there"},
    {R"({"minProperties": 1})", R"({"a": 1})", "{}", "v: must have 1 members at least"},
    {R"({"maxProperties": 0})", "{}", R"({"a": 1})", "v: must have 0 members at most"},
    {R"({"allOf": [{"minimum": 1}, {"maximum": 2}]})", "2", "3", "v: must not be above 2.0"},
    {R"({"anyOf": [{"type": "null"}, {"const": 1}]})", "1", "2",
     "v: fits none of the schemas of anyOf"},
    {R"({"oneOf": [{"minimum": 1}, {"maximum": 2}]})", "3", "2",
     "v: must fit one of the schemas of oneOf, and fits 2"},
    {R"({"not": {"type": "null"}})", "1", "null", "v: fits the schema of not"},
    {R"({"title": "t", "default": 1, "$schema": "x"})", "1", "", ""},
};

TEST(JsonSchema, EachKeywordChecks) {
  for (const SchemaRow& row : kSchemaRows) {
    EXPECT_THAT(faults_by(row.schema, row.right), ElementsAre()) << row.schema;
    if (*row.fault == '\0') continue;
    EXPECT_THAT(faults_by(row.schema, row.wrong), ElementsAre(row.fault)) << row.schema;
  }
}

TEST(JsonSchema, KeywordsOfOtherTypesDoNotApply) {
  EXPECT_THAT(
      faults_by(R"({"minLength": 9, "minimum": 9, "minItems": 9, "required": ["a"]})", "true"),
      ElementsAre());
}

TEST(JsonSchema, ReportsEveryPlace) {
  EXPECT_THAT(
      faults_by(R"({"properties": {"a": {"items": {"type": "string"}}}, "required": ["b"]})",
                R"({"a": [1, "x", 2]})"),
      ElementsAre("v.b: is required", "v.a[0]: must be of type string",
                  "v.a[2]: must be of type string"));
}

struct WrongSchema {
  const char* schema;
  const char* fault;
};

const WrongSchema kWrongSchemas[] = {
    {"1", "s: a schema must be a map"},
    {R"({"typ": "string"})", "s.typ: is no keyword that is checked here, did you mean \"type\"?"},
    {R"({"format": "email"})", "s.format: is no keyword"},
    {R"({"$ref": "#/a"})", "is no keyword"},
    {R"({"type": "text"})", "s.type: must be array, boolean"},
    {R"({"type": 1})", "s.type: must be array, boolean"},
    {R"({"enum": []})", "s.enum: must be a list of values"},
    {R"({"minimum": "1"})", "s.minimum: must be a number"},
    {R"({"exclusiveMinimum": true})", "s.exclusiveMinimum: must be a number"},
    {R"({"multipleOf": 0})", "s.multipleOf: must be a number above 0"},
    {R"({"minLength": -1})", "s.minLength: must be a whole number"},
    {R"({"pattern": "("})", "s.pattern: "},
    {R"({"pattern": 1})", "s.pattern: must be a regular expression"},
    {R"({"uniqueItems": 1})", "s.uniqueItems: must be true or false"},
    {R"({"items": [{}]})", "s.items: a schema must be a map"},
    {R"({"properties": []})", "s.properties: must be a map of schemas"},
    {R"({"properties": {"a": {"type": "x"}}})", "s.properties.a.type: must be"},
    {R"({"required": "a"})", "s.required: must be a list of names"},
    {R"({"anyOf": []})", "s.anyOf: must be a list of schemas"},
    {R"({"allOf": [{"typ": 1}]})", "s.allOf[0].typ: is no keyword"},
};

TEST(JsonSchema, RefusesWhatItWouldNotCheck) {
  for (const WrongSchema& wrong : kWrongSchemas) {
    config::Faults faults;
    EXPECT_EQ(JsonSchema::compile(Json::parse(wrong.schema), "s", faults), nullptr);
    ASSERT_EQ(faults.count(), 1U) << wrong.schema;
    EXPECT_THAT(faults.lines()[0], HasSubstr(wrong.fault));
  }
}

Json nested_schema(int depth) {
  Json schema = Json::object();
  for (int i = 1; i < depth; ++i) schema = {{"items", std::move(schema)}};
  return schema;
}

TEST(JsonSchema, HasBounds) {
  config::Faults faults;
  EXPECT_NE(JsonSchema::compile(nested_schema(JsonSchema::kDepthMax), "s", faults), nullptr);
  EXPECT_EQ(JsonSchema::compile(nested_schema(JsonSchema::kDepthMax + 1), "s", faults), nullptr);
  EXPECT_EQ(faults.count(), 1U);
  const Json large = {{"title", std::string(JsonSchema::kBytesMax, 'x')}};
  EXPECT_EQ(JsonSchema::compile(large, "s", faults), nullptr);
  EXPECT_EQ(faults.count(), 2U);
}

}  // namespace
}  // namespace sluice::control
