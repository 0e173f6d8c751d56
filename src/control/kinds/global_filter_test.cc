// SPDX-License-Identifier: Apache-2.0
// Covers: part_pipeline.cc
#include "control/kinds/global_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/builder.h"
#include "control/testing/process.h"

namespace sluice::control {
namespace {

using ::testing::ElementsAre;
using namespace testing;  // control's

class GlobalFilterTest : public ::testing::Test {
 protected:
  std::vector<std::string> faults_of(const std::string& rest) {
    config::Faults faults;
    EXPECT_EQ(builder_.build(
                  config::parse_document("{name: g, kind: GlobalFilter, " + rest + "}").value(), {},
                  faults),
              nullptr);
    return faults.lines();
  }
  Script script_;
  pipeline::StateRegistry states_;
  const ObjectBuilder builder_{all_kinds(), scripted_kinds(script_), kCores, &states_};
};

// The kind of filter in these tests has code, so that no flow of it is accepted.
TEST_F(GlobalFilterTest, NeedsAFlowWithoutSharedData) {
  EXPECT_THAT(faults_of("fallthrough: {pipeline: true}"),
              ElementsAre("beforePipeline: is required, or afterPipeline"));
  EXPECT_THAT(faults_of("beforePipeline: 7"), ElementsAre("beforePipeline: must be a map"));
  EXPECT_THAT(faults_of("afterPipeline: {filters: [{name: f, kind: Scripted}]}"),
              ElementsAre("afterPipeline.filters[0].kind: a Scripted stands in a Pipeline"));
  EXPECT_THAT(faults_of("beforePipeline: {filters: []}, fallthrough: {pipelines: true}"),
              ElementsAre("fallthrough.pipelines: is unknown, did you mean \"pipeline\"?"));
}

TEST_F(GlobalFilterTest, FaultsOfAFlowHaveThePathOfItsPart) {
  EXPECT_THAT(faults_of("beforePipeline: {flow: [{filter: x}], filters: [{name: f, kind: None}]}"),
              ElementsAre(::testing::StartsWith("beforePipeline.filters[0].kind: kind \"None\""),
                          ::testing::StartsWith("beforePipeline.flow[0].filter: no filter \"x\"")));
}

}  // namespace
}  // namespace sluice::control
