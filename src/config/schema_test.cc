// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <gtest/gtest.h>

#include "config/fields.h"

namespace sluice::config {
namespace {

struct DescribedRule {
  std::string backend = "b";
  void fields(auto& visit) { visit("backend", backend, {.required = true}); }
};

struct DescribedSpec {
  std::string kind;
  std::uint16_t port = 80;
  int code = 200;
  Duration delay{};
  std::vector<std::string> methods;
  std::vector<DescribedRule> rules;
  std::optional<std::int64_t> limit;
  std::map<std::string, std::string> labels;
  UndecodedValue rest;
  void fields(auto& visit) {
    visit("kind", kind, {.required = true, .one_of = {"A", "B"}, .doc = "what it is"});
    visit("port", port, {.min = 1});
    visit("code", code, {.min = 100, .max = 599});
    visit("delay", delay, {.min = 0});
    visit("methods", methods, {.max = 9, .format = Format::http_method, .unique = true});
    visit("rules", rules);
    visit("limit", limit, {.min = 1});
    visit("labels", labels);
    visit("rest", rest);
    visit.ignore("createdAt");
  }
};

TEST(Schema, HasTheFieldList) {
  const Json schema_json = schema<DescribedSpec>();
  const Json expected = Json::parse(R"({
    "type": "object", "additionalProperties": false, "required": ["kind"],
    "properties": {
      "kind": {"type": "string", "enum": ["A", "B"], "description": "what it is"},
      "port": {"type": "integer", "default": 80, "minimum": 1, "maximum": 65535},
      "code": {"type": "integer", "default": 200, "minimum": 100, "maximum": 599},
      "delay": {"type": "string", "format": "duration", "default": "0s", "x-minimum": "0s"},
      "methods": {"type": "array", "maxItems": 9, "uniqueItems": true,
                  "items": {"type": "string", "format": "http-method"}},
      "rules": {"type": "array", "items": {
        "type": "object", "additionalProperties": false, "required": ["backend"],
        "properties": {"backend": {"type": "string"}}}},
      "limit": {"type": "integer", "minimum": 1},
      "labels": {"type": "object", "additionalProperties": {"type": "string"}},
      "rest": {}, "createdAt": {}
    }})");
  EXPECT_EQ(schema_json, expected) << schema_json.dump(2);
}

}  // namespace
}  // namespace sluice::config
