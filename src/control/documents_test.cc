// SPDX-License-Identifier: Apache-2.0
#include "control/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/encoder.h"

namespace sluice::control {
namespace {

using ::testing::ElementsAre;

class DocumentsTest : public ::testing::Test {
 protected:
  Json mended(const std::string& text) {
    faults_ = {};
    const auto value = of_this_version(config::parse_document(text).value(), faults_);
    return value ? config::Encoder::of(*value) : Json();
  }
  static Json json(const std::string& text) {
    return config::Encoder::of(config::parse_document(text).value());
  }
  config::Faults faults_;
};

TEST_F(DocumentsTest, OfThisVersionStayAsTheyAre) {
  EXPECT_EQ(mended("{name: p, kind: Pipeline, filters: [{name: a, kind: ResponseAdaptor}]}"),
            Json());
  EXPECT_EQ(mended("[HTTPPipeline]"), Json());
  EXPECT_TRUE(faults_.warnings().empty());
}

TEST_F(DocumentsTest, ThePoolsOfAProxyAreOneList) {
  EXPECT_EQ(mended("{name: p, kind: HTTPPipeline, flow: [{filter: x}], filters: [{name: x, kind: "
                   "Proxy, mainPool: {servers: [{url: a}]}, candidatePools: [{servers: [], filter: "
                   "{headers: {}}}]}]}"),
            json("{name: p, kind: Pipeline, flow: [{filter: x}], filters: [{name: x, kind: Proxy, "
                 "pools: [{servers: [{url: a}]}, {servers: [], filter: {headers: {}}}]}]}"));
  EXPECT_THAT(faults_.warnings(),
              ElementsAre("kind: HTTPPipeline is of version 1: read as Pipeline"));
  EXPECT_TRUE(faults_.empty());
}

// A pipeline of version 1 had a response from the start.
TEST_F(DocumentsTest, WhatOnlyChangesAResponseGetsOne) {
  const Json added{
      {"name", "v1-response"}, {"kind", "ResponseBuilder"}, {"template", "statusCode: 200\n"}};
  const Json page = mended(
      "{name: p, kind: HTTPPipeline, flow: [{filter: r}], filters: [{name: r, kind: "
      "ResponseAdaptor}]}");
  EXPECT_EQ(page["filters"][0], added);
  EXPECT_EQ(page["flow"], json("[{filter: v1-response}, {filter: r}]"));
  const Json no_flow =
      mended("{name: p, kind: HTTPPipeline, filters: [{name: f, kind: Fallback}]}");
  EXPECT_EQ(no_flow["filters"][0], added);
  EXPECT_FALSE(no_flow.contains("flow"));
  const Json behind_a_proxy = mended(
      "{name: p, kind: HTTPPipeline, flow: [{filter: x}, {filter: r}], filters: [{name: r, kind: "
      "ResponseAdaptor}, {name: x, kind: Proxy, pools: []}]}");
  EXPECT_EQ(behind_a_proxy["filters"].size(), 2U);
}

TEST_F(DocumentsTest, OddFormsAreLeftToTheBuild) {
  EXPECT_EQ(mended("{kind: HTTPPipeline}"), json("{kind: Pipeline}"));
  EXPECT_EQ(mended("{kind: HTTPPipeline, filters: 7}"), json("{kind: Pipeline, filters: 7}"));
  EXPECT_EQ(mended("{kind: HTTPPipeline, filters: [7, {kind: [Proxy]}], flow: {a: b}}"),
            json("{kind: Pipeline, filters: [7, {kind: [Proxy]}], flow: {a: b}}"));
}

}  // namespace
}  // namespace sluice::control
