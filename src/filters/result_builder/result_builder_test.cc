// SPDX-License-Identifier: Apache-2.0
#include "filters/result_builder/result_builder.h"

#include <gmock/gmock.h>

#include "filters/builder/testing/filter_run.h"

namespace sluice::filters {
namespace {

class ResultBuilderTest : public FilterRun {
 protected:
  ResultBuilderTest() : FilterRun(make_result_builder_kind({})) {}
};

TEST_F(ResultBuilderTest, ReturnsOneOfTheTenResults) {
  for (int i = 0; i < 10; ++i) {
    request().headers.set("X-Kind", std::to_string(i));
    EXPECT_EQ(run("template: ' result{{header .req.Header \"X-Kind\"}} '"),
              "result" + std::to_string(i));
  }
}

TEST_F(ResultBuilderTest, OtherTextIsUnknown) {
  EXPECT_EQ(run("template: '{{if .req.Body}}result0{{end}} '"), "");
  for (const std::string_view text : {"result10", "result", "RESULT1", "unknown", "buildErr", "x"})
    EXPECT_EQ(run("template: " + std::string(text)), "unknown") << text;
}

TEST_F(ResultBuilderTest, ChoosesByTheBody) {
  const std::string_view yaml =
      "template: |\n"
      "  {{- $m := or .requests.DEFAULT.JSONBody.message .requests.DEFAULT.JSONBody.post -}}\n"
      "  {{- if $m.text}}result0{{else if $m.voice}}result1{{end -}}\n";
  request().body.assign(R"({"message": {"text": "hi"}})");
  EXPECT_EQ(run(yaml), "result0");
  request().body.assign(R"({"post": {"voice": {"id": 1}}})");
  EXPECT_EQ(run(yaml), "result1");
  request().body.assign(R"({"other": 1})");
  EXPECT_EQ(run(yaml), "");
  request().body.assign("no JSON");
  EXPECT_EQ(run(yaml), "buildErr");
}

TEST_F(ResultBuilderTest, FaultsOfTheSpec) {
  EXPECT_THAT(faults_of(""), ::testing::ElementsAre("filters[0].template: is required"));
  EXPECT_THAT(faults_of("template: '{{if .x}}'"),
              ::testing::ElementsAre(::testing::HasSubstr("{{if}} has no {{end}}")));
}

}  // namespace
}  // namespace sluice::filters
