// SPDX-License-Identifier: Apache-2.0
#include "filters/response_builder/response_builder.h"

#include <gmock/gmock.h>

#include "filters/builder/testing/filter_run.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ResponseBuilderTest : public FilterRun {
 protected:
  ResponseBuilderTest() : FilterRun(make_response_builder_kind({})) {}
  http::Response& response() { return *exchange_.response(); }
};

TEST_F(ResponseBuilderTest, JoinsTheBodiesOfNamespaces) {
  response_in("a").body.assign("{\n  \"x\": 1\n}");
  response_in("b").body = stream_of({"[2", "]"});
  EXPECT_EQ(run(R"(template: |
  statusCode: 201
  headers:
    X-A: [one, two]
  body: |
    [{{.responses.a.Body}}, {{.responses.b.Body}}]
)"),
            "")
      << last_tag();
  EXPECT_EQ(response().status, 201);
  EXPECT_EQ(response().headers.size(), 2U);
  EXPECT_EQ(response().body.bytes(), "[{\n  \"x\": 1\n}, [2]]\n");
}

TEST_F(ResponseBuilderTest, ChoosesTheResponsesThatSucceeded) {
  response_in("a").status = 503;
  response_in("b").body.assign("\"yes\"");
  EXPECT_EQ(run(R"(template: |
  statusCode: {{$code := 500}}{{range $r := .responses}}{{if eq $r.StatusCode 200}}{{$code = 200}}{{break}}{{end}}{{end}}{{$code}}
  body: |
    {{$first := true -}}
    [{{range $r := .responses -}}
      {{if eq $r.StatusCode 200 -}}
        {{if not $first}},{{end}}{{$r.Body}}{{$first = false -}}
      {{- end}}
    {{- end}}]
)"),
            "")
      << last_tag();
  EXPECT_EQ(response().status, 200);
  EXPECT_EQ(response().body.bytes(), "[\"yes\"]\n");
}

TEST_F(ResponseBuilderTest, MergesObjects) {
  response_in("a").body.assign(R"({"x": 1, "y": 1})");
  response_in("b").body.assign(R"({"y": 2})");
  EXPECT_EQ(run("template: 'body: {{mergeObject .responses.a.JSONBody .responses.b.JSONBody "
                "| toRawJson}}'"),
            "");
  EXPECT_EQ(response().body.bytes(), R"({"x":1,"y":2})");
}

TEST_F(ResponseBuilderTest, AMissingMemberPrintsAsInGo) {
  EXPECT_EQ(run("template: 'body: a{{.response.demo.Body}}b'"), "");
  EXPECT_EQ(response().body.bytes(), "a<no value>b");
}

TEST_F(ResponseBuilderTest, TakesTheResponseOfANamespace) {
  http::Response& source = response_in("a");
  source.status = 404;
  source.headers.add("X-A", "1");
  source.body = stream_of({"x"});
  EXPECT_EQ(run("sourceNamespace: a"), "");
  EXPECT_EQ(response().status, 404);
  EXPECT_EQ(response().headers.get("x-a"), "1");
  EXPECT_TRUE(response().body.is_stream());
  EXPECT_FALSE(response_in("a").body.is_stream()) << "a stream is moved";

  response_in("b").body.assign("whole");
  EXPECT_EQ(run("sourceNamespace: b"), "");
  EXPECT_EQ(response().body.bytes(), "whole");
  EXPECT_EQ(response_in("b").body.bytes(), "whole");
}

TEST_F(ResponseBuilderTest, WhatIsNoResponseIsAnError) {
  exchange_.new_response().status = 418;
  for (const auto& [made, reason] : {
           std::pair("template: 'statusCode: {{99}}'", "statusCode"),
           std::pair("template: 'body: {{.req.JSONBody}}'", "not JSON"),
           std::pair("sourceNamespace: absent", "has no response"),
       }) {
    request().body.assign("{");
    EXPECT_EQ(run(made), "buildErr") << made;
    EXPECT_THAT(last_tag(), HasSubstr(reason)) << made;
    EXPECT_EQ(response().status, 418) << "the old response stays";
  }
  for (const auto& [made, reason] : {
           std::pair("template: 'statusCode: 99'", "statusCode"),
           std::pair("template: 'statusCode: 600'", "statusCode"),
           std::pair("template: 'statusCode: 0x1F4'", "statusCode"),
           std::pair("template: 'statusCode: +200'", "statusCode"),
           std::pair("template: 'statusCode: x'", "statusCode"),
           std::pair("template: 'method: GET'", "is unknown"),
       })
    EXPECT_THAT(faults_of(made), ElementsAre(HasSubstr(reason))) << made;
}

TEST_F(ResponseBuilderTest, ContentLengthIsThatOfTheBody) {
  EXPECT_EQ(run("template: '{headers: {Content-Length: 5}, body: abc}'"), "") << last_tag();
  EXPECT_TRUE(response().headers.empty());
}

}  // namespace
}  // namespace sluice::filters
