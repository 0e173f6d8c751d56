// SPDX-License-Identifier: Apache-2.0
#include "filters/header_to_json/header_to_json.h"

#include <gmock/gmock.h>

#include "filters/builder/testing/filter_run.h"

namespace sluice::filters {
namespace {

constexpr std::string_view kSpec =
    "headerMap: [{header: X-User, json: user}, {header: X-Role, json: role}]";

class HeaderToJsonTest : public FilterRun {
 protected:
  HeaderToJsonTest() : FilterRun(make_header_to_json_kind()) {}
};

TEST_F(HeaderToJsonTest, AddsMembers) {
  request().headers.add("x-user", "Ada");
  EXPECT_EQ(run(kSpec), "");
  EXPECT_EQ(request().body.bytes(), R"({"user":"Ada"})");
  EXPECT_EQ(request().headers.get("Content-Type"), "application/json");

  request().headers.add("X-Role", "a");
  request().headers.add("X-Role", "b");
  request().body.assign(R"({"user": 1, "z": [2]})");
  EXPECT_EQ(run(kSpec), "");
  EXPECT_EQ(request().body.bytes(), R"({"role":"a, b","user":"Ada","z":[2]})");

  request().body.assign(R"([{}, {"z": 1}])");
  EXPECT_EQ(run(kSpec), "");
  EXPECT_EQ(request().body.bytes(),
            R"([{"role":"a, b","user":"Ada"},{"role":"a, b","user":"Ada","z":1}])");
}

TEST_F(HeaderToJsonTest, WithoutTheHeadersNothingChanges) {
  request().body.assign("no JSON");
  EXPECT_EQ(run(kSpec), "");
  EXPECT_EQ(request().body.bytes(), "no JSON");
}

TEST_F(HeaderToJsonTest, WhatIsNoObjectIsAnError) {
  request().headers.add("X-User", "Ada");
  for (const std::string_view body : {"[1", "[1]", "7", "\"x\""}) {
    request().body.assign(std::string(body));
    EXPECT_EQ(run(kSpec), "jsonEncodeDecodeErr") << body;
    EXPECT_EQ(request().body.bytes(), body);
  }
  request().body = stream_of({"{}"});
  EXPECT_EQ(run(kSpec), "bodyReadErr");
}

TEST_F(HeaderToJsonTest, AListDoesNotMultiplyTheHeadersWithoutEnd) {
  request().headers.add("X-User", std::string(8000, 'x'));
  std::string list = "[{}";
  for (int i = 0; i < 1000; ++i) list += ",{}";
  request().body.assign(list + "]");
  EXPECT_EQ(run(kSpec), "jsonEncodeDecodeErr");
}

TEST_F(HeaderToJsonTest, FaultsOfTheSpec) {
  EXPECT_EQ(faults_of("").size(), 1U);
  EXPECT_EQ(faults_of("headerMap: []").size(), 1U);
  EXPECT_THAT(
      faults_of("headerMap: [{header: a b, json: c}]"),
      ::testing::ElementsAre("filters[0].headerMap[0].header: \"a b\" is not a header name"));
}

}  // namespace
}  // namespace sluice::filters
