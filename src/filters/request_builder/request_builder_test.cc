// SPDX-License-Identifier: Apache-2.0
#include "filters/request_builder/request_builder.h"

#include <gmock/gmock.h>

#include "filters/builder/testing/filter_run.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RequestBuilderTest : public FilterRun {
 protected:
  RequestBuilderTest() : FilterRun(make_request_builder_kind({})) {}
};

TEST_F(RequestBuilderTest, BuildsWhatTheTemplateSays) {
  request().body.assign(R"({"user": "Ada", "say": "a \"word\"\nand more"})");
  EXPECT_EQ(run(R"(template: |
  method: post
  url: https://api.example:8443/v1/{{.req.JSONBody.user}}?q={{urlquery "a b"}}
  headers:
    X-List: [one, "{{.req.Method}}"]
    X-Text: plain
  body: |
    {"text": "{{.req.JSONBody.say | jsonEscape}}"}
)"),
            "")
      << last_tag();
  EXPECT_EQ(request().method, "POST");
  EXPECT_EQ(request().scheme, "https");
  EXPECT_EQ(request().host, "api.example:8443");
  EXPECT_EQ(request().target(), "/v1/Ada?q=a+b");
  EXPECT_EQ(request().headers.size(), 3U);
  EXPECT_EQ(request().headers.get("x-text"), "plain");
  EXPECT_EQ(request().body.bytes(), "{\"text\": \"a \\\"word\\\"\\nand more\"}\n");
}

TEST_F(RequestBuilderTest, LeavesWhatTheTemplateOmits) {
  request().headers.add("X-Old", "1");
  request().body.assign("old");
  EXPECT_EQ(run("template: '{{log \"warn\" .req.Body}}   # nothing else'"), "") << last_tag();
  EXPECT_EQ(request().method, "GET");
  EXPECT_EQ(request().target(), "/");
  EXPECT_EQ(request().host, "shop.example");
  EXPECT_TRUE(request().headers.empty());
  EXPECT_EQ(request().body.bytes(), "");
}

TEST_F(RequestBuilderTest, EmptyValuesStandForTheDefaults) {
  EXPECT_EQ(run("template: \"method: ''\\nurl: ''\\nheaders: null\\nbody: ''\""), "") << last_tag();
  EXPECT_EQ(request().method, "GET");
  EXPECT_EQ(request().target(), "/");
}

TEST_F(RequestBuilderTest, ReadsResponsesOfOtherNamespaces) {
  response_in("one").body = stream_of({R"({"list": [1)", R"(, 2]})"});
  EXPECT_EQ(run("template: 'body: \"{{index .responses.one.JSONBody.list 1}}\"'"), "");
  EXPECT_EQ(request().body.bytes(), "2");
  EXPECT_FALSE(response_in("one").body.is_stream());
}

TEST_F(RequestBuilderTest, LeavesStreamsThatItDoesNotRead) {
  response_in("one").body = stream_of({"x"});
  EXPECT_EQ(run("template: 'url: /{{.responses.one.StatusCode}}'"), "");
  EXPECT_EQ(request().path, "/200");
  EXPECT_TRUE(response_in("one").body.is_stream());
}

TEST_F(RequestBuilderTest, CopiesTheRequestOfANamespace) {
  request().headers.add("X-A", "1");
  request().body = stream_of({"bo", "dy"});
  exchange_.activate("other");
  EXPECT_EQ(run("sourceNamespace: DEFAULT"), "");
  const http::Request& copy = *exchange_.request_of("other");
  EXPECT_EQ(copy.headers.get("x-a"), "1");
  EXPECT_EQ(copy.body.bytes(), "body");
  EXPECT_EQ(request().body.bytes(), "body");
  EXPECT_EQ(copy.host, "shop.example");
}

TEST_F(RequestBuilderTest, TheOwnNamespaceAsSourceChangesNothing) {
  request().body = stream_of({"x"});
  EXPECT_EQ(run("sourceNamespace: DEFAULT"), "");
  EXPECT_TRUE(request().body.is_stream());
}

TEST_F(RequestBuilderTest, FormData) {
  EXPECT_EQ(run(R"(template: |
  method: POST
  formData:
    'a"b': {value: one}
    file: {value: "two", fileName: f.txt}
)"),
            "");
  EXPECT_THAT(std::string(*request().headers.get("Content-Type")),
              ::testing::StartsWith("multipart/form-data; boundary="));
  EXPECT_THAT(std::string(request().body.bytes()),
              ::testing::AllOf(HasSubstr("name=\"a%22b\"\r\n\r\none\r\n"),
                               HasSubstr("name=\"file\"; filename=\"f.txt\"")));
}

TEST_F(RequestBuilderTest, WhatIsNoRequestIsAnError) {
  request().headers.add("X-Path", "../admin");
  for (const auto& [made, reason] : {
           std::pair("[a]", "is no map"),
           std::pair("a: b", "is unknown"),
           std::pair("method: G T", "is no method"),
           std::pair("url: a b", "is no URL"),
           std::pair("url: ftp://x/", "is no URL"),
           std::pair("url: /x/{{header .req.Header \"X-Path\"}}", "dot segments"),
           std::pair("headers: {\"a b\": c}", "is not a header name"),
           std::pair("headers: {Connection: close}", "sets Connection itself"),
           std::pair("headers: {Host: a/b}", "is not a host"),
           std::pair("body: x\nformData: {a: {value: b}}", "beside formData"),
           std::pair("{{index .req.Header \"X-Absent\" 0}}", "line 1"),
           std::pair("a: [", "is not YAML"),
           std::pair("body: {{.responses.no.JSONBody.x | jsonEscape}}", "no value"),
       }) {
    std::string yaml = "template: |\n";
    for (std::string_view rest = made; !rest.empty();) {
      const auto line = rest.substr(0, rest.find('\n'));
      yaml += "  " + std::string(line) + "\n";
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    EXPECT_EQ(run(yaml), "buildErr") << made;
    EXPECT_THAT(last_tag(), ::testing::AllOf(::testing::StartsWith("it: "), HasSubstr(reason)))
        << made;
    EXPECT_EQ(request().host, "shop.example") << "the old request stays";
  }
  EXPECT_EQ(run("sourceNamespace: absent"), "buildErr");
}

TEST_F(RequestBuilderTest, AClientAddsNoKeys) {
  request().body.assign("x\nmethod: DELETE\nurl: /admin");
  EXPECT_EQ(run("template: |\n  body: |\n    {{.req.Body}}\n  url: /fixed\n"), "") << last_tag();
  EXPECT_EQ(request().method, "GET");
  EXPECT_EQ(request().path, "/fixed");
  request().body.assign("x\nmethod: DELETE");
  EXPECT_EQ(run("template: 'body: {{.req.Body}}'"), "buildErr");
  EXPECT_THAT(last_tag(), HasSubstr("line break"));
}

TEST_F(RequestBuilderTest, BodiesAreBounded) {
  request().body = stream_of({std::string(3 << 20, 'x'), std::string(2 << 20, 'x')});
  EXPECT_EQ(run("template: 'body: \"{{len .req.Body}}\"'"), "buildErr");
  EXPECT_THAT(last_tag(), HasSubstr("longer than"));
}

TEST_F(RequestBuilderTest, FaultsOfTheSpec) {
  EXPECT_THAT(faults_of(""), ElementsAre("filters[0]: needs sourceNamespace or template"));
  EXPECT_THAT(faults_of("template: a\nsourceNamespace: b"),
              ElementsAre(HasSubstr("has both sourceNamespace and template")));
  EXPECT_THAT(faults_of("template: '{{.x'"),
              ElementsAre(HasSubstr("filters[0].template: line 1: the action is not closed")));
  EXPECT_THAT(faults_of("template: a\nleftDelim: '%'\nrightDelim: '%'"),
              ElementsAre(HasSubstr("is the same as leftDelim")));
  EXPECT_THAT(faults_of("template: a\nprotocol: mqtt"), ElementsAre(HasSubstr("protocol")));
}

}  // namespace
}  // namespace sluice::filters
