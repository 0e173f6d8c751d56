// SPDX-License-Identifier: Apache-2.0
#include "egctl/defaults.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::egctl {
namespace {

const Json kSchema = Json::parse(R"({"required": ["port", "note"], "properties": {
  "port": {"default": 80}, "note": {}, "wait": {"default": "1m"}, "on": {"default": true},
  "limits": {"properties": {"bytes": {"default": 0}, "count": {"default": 3}}},
  "rules": {"items": {"properties": {"host": {"default": ""}, "path": {"default": ""}}}},
  "names": {"additionalProperties": {"properties": {"a": {"default": 1}}}}}})");

Json pruned(Json value) {
  without_defaults(value, kSchema);
  return value;
}

TEST(WithoutDefaults, KeepsWhatDiffersAndWhatIsRequired) {
  EXPECT_EQ(pruned(Json::parse(R"({"port": 80, "note": "", "wait": "1m", "on": true})")),
            Json::parse(R"({"port": 80, "note": ""})"));
  EXPECT_EQ(pruned(Json::parse(R"({"wait": "2m", "on": false, "unknown": null})")),
            Json::parse(R"({"wait": "2m", "on": false, "unknown": null})"));
}

TEST(WithoutDefaults, OnEveryLevel) {
  EXPECT_EQ(pruned(Json::parse(R"({"limits": {"bytes": 0, "count": 3}, "rules": []})")),
            Json::object());
  EXPECT_EQ(
      pruned(Json::parse(
          R"({"limits": {"bytes": 5, "count": 3}, "rules": [{"host": "", "path": "/"}, {"host": ""}]})")),
      Json::parse(R"({"limits": {"bytes": 5}, "rules": [{"path": "/"}, {}]})"))
      << "an element of a list stays, because its place counts";
  EXPECT_EQ(pruned(Json::parse(R"({"names": {"x": {"a": 1}, "y": {"a": 2}}})")),
            Json::parse(R"({"names": {"x": {}, "y": {"a": 2}}})"));
}

TEST(WithoutZeros, KeepsWhatSaysSomething) {
  Json status = Json::parse(
      R"({"count": 5, "m1": 0.0, "error": "", "up": true, "down": false, "held": {"a": 0, "b": {}},
          "servers": [{"url": "x", "failures": 0}, {"failures": 0}]})");
  without_zeros(status);
  EXPECT_EQ(
      status,
      Json::parse(R"({"count": 5, "up": true, "down": false, "servers": [{"url": "x"}, {}]})"));
}

}  // namespace
}  // namespace sluice::egctl
