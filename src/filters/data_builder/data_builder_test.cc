// SPDX-License-Identifier: Apache-2.0
#include "filters/data_builder/data_builder.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "filters/builder/testing/filter_run.h"

namespace sluice::filters {
namespace {

using ::testing::HasSubstr;

class DataBuilderTest : public FilterRun {
 protected:
  DataBuilderTest() : FilterRun(make_data_builder_kind({})) {}
};

TEST_F(DataBuilderTest, KeepsDataForLaterTemplates) {
  request().body.assign("{\n \"a\": [1, 2]\n}");
  EXPECT_EQ(run("dataKey: k\ntemplate: '{list: {{index .req.JSONBody.a 1}}, x: y}'"), "");
  EXPECT_EQ(*exchange_.data_of("k"), Json({{"list", 2}, {"x", "y"}}));
  // JSON of several lines is data, too.
  EXPECT_EQ(run("dataKey: k\ntemplate: '{{.req.Body}}'"), "") << last_tag();
  EXPECT_EQ(*exchange_.data_of("k"), Json({{"a", {1, 2}}}));
  EXPECT_EQ(run("dataKey: n\ntemplate: '{{add (index .data.k.a 0) 4}}'"), "");
  EXPECT_EQ(*exchange_.data_of("n"), Json(5));
}

TEST_F(DataBuilderTest, AValueIsJsonOrAText) {
  request().body.assign(R"({"s": "0x10", "t": "~", "l": ["a"], "d": "5"})");
  ASSERT_EQ(run("dataKey: k\ntemplate: |\n  s: {{.req.JSONBody.s}}\n  t: {{.req.JSONBody.t}}\n"
                "  l: {{.req.JSONBody.l | toJson}}\n  d: {{.req.JSONBody.d}}\n"
                "  q: '{{.req.JSONBody.d}}'\n  m: {{.req.JSONBody.d}}0\n  n: a{{.req.JSONBody.d}}"),
            "")
      << last_tag();
  EXPECT_EQ(*exchange_.data_of("k"),
            Json::parse(R"({"s": "0x10", "t": "~", "l": ["a"], "d": 5, "q": "5", "m": 50,
                            "n": "a5"})"));
  ASSERT_EQ(run("dataKey: k\ntemplate: '[{{.req.Body}}, {{.req.JSONBody.t}}]'"), "") << last_tag();
  EXPECT_EQ((*exchange_.data_of("k"))[0]["l"][0], "a");
  EXPECT_EQ((*exchange_.data_of("k"))[1], "~");
  request().body.assign("{a: b}");
  ASSERT_EQ(run("dataKey: k\ntemplate: '{{.req.Body}}'"), "");
  EXPECT_EQ(*exchange_.data_of("k"), Json("{a: b}"));
}

TEST_F(DataBuilderTest, WhatIsNoDataIsAnError) {
  EXPECT_EQ(run("dataKey: k\ntemplate: 'a: ['"), "buildErr");
  EXPECT_EQ(run("dataKey: k\ntemplate: '{{.req.JSONBody | jsonEscape}}'"), "buildErr");
  request().body.assign(std::string(2 << 20, 'x'));
  EXPECT_EQ(run("dataKey: k\ntemplate: |\n  a: |\n    {{.req.Body}}"), "buildErr");
  EXPECT_THAT(last_tag(), HasSubstr("over 1 MiB"));
  EXPECT_EQ(exchange_.data_of("k"), nullptr);
}

TEST_F(DataBuilderTest, FaultsOfTheSpec) {
  EXPECT_THAT(faults_of("template: x"), ::testing::ElementsAre(HasSubstr("dataKey: is required")));
  EXPECT_THAT(faults_of("dataKey: PIPELINE\ntemplate: x"),
              ::testing::ElementsAre(HasSubstr("the pipeline's own data")));
}

}  // namespace
}  // namespace sluice::filters
