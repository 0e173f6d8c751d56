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

std::string template_of(std::string_view text) {
  std::string yaml = "template: |\n";
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    yaml += "  " + std::string(line) + "\n";
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return yaml;
}

TEST_F(RequestBuilderTest, WhatIsNoRequestInAnyCaseIsAFault) {
  for (const auto& [made, reason] : {
           std::pair("[a]", "is no map"),
           std::pair("a: b", "is unknown"),
           std::pair("method: G T", "is no method"),
           std::pair("url: a b", "is no URL"),
           std::pair("url: ftp://x/", "is no URL"),
           std::pair("headers: {\"a b\": c}", "is not a header name"),
           std::pair("headers: {Connection: close}", "sets Connection itself"),
           std::pair("headers: {Host: a/b}", "is not a host"),
           std::pair("body: x\nformData: {a: {value: b}}", "beside formData"),
       }) {
    EXPECT_THAT(faults_of(template_of(made)), ElementsAre(HasSubstr(reason))) << made;
  }
}

TEST_F(RequestBuilderTest, WhatIsNoRequestIsAnError) {
  request().headers.add("X-Path", "../admin");
  for (const auto& [made, reason] : {
           std::pair("url: /x/{{header .req.Header \"X-Path\"}}", "dot segments"),
           std::pair("{{index .req.Header \"X-Absent\" 0}}", "line 1"),
           std::pair("a: [", "is not YAML"),
           std::pair("body: {{.responses.no.JSONBody.x | jsonEscape}}", "no value"),
       }) {
    EXPECT_EQ(run(template_of(made)), "buildErr") << made;
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
  EXPECT_EQ(run("template: 'body: {{.req.Body}}'"), "") << last_tag();
  EXPECT_EQ(request().method, "GET");
  EXPECT_EQ(request().body.bytes(), "x\nmethod: DELETE");
}

// Nor do they become something else than a text.
TEST_F(RequestBuilderTest, AValueIsTheTextOfItsPlace) {
  // Both ways: with and without keys that depend on the data.
  for (const std::string more : {"", "{{if .req.Method}}method: PUT{{end}}"}) {
    for (const std::string value :
         {"root #2", "'root'", "\"root\"", "!!str root", "&x root", "*x", "~", "null", "[a,b]",
          "{\"a\": 1}", "0x1F4", "|", "- a", "a: b", "%", "@a", "true", "x\xff"}) {
      request().headers.set("X-In", value);
      EXPECT_EQ(run("template: |\n  headers:\n    X-A: {{header .req.Header \"X-In\"}}\n"
                    "    X-B: ['{{header .req.Header \"X-In\"}}', {{header .req.Header "
                    "\"X-In\"}}]\n  body: \"{{header .req.Header \"X-In\"}}\"\n  " +
                    more),
                "")
          << value << last_tag();
      ASSERT_EQ(request().headers.size(), 3U) << value;
      for (const http::Field& field : request().headers) EXPECT_EQ(field.value, value) << more;
      EXPECT_EQ(request().body.bytes(), value) << more;
      request().headers.clear();
    }
  }
}

TEST_F(RequestBuilderTest, AValueWithBlanksAtItsEndsIsNoHeader) {
  request().body.assign(" root");
  for (const char* place :
       {"X-A: {{.req.Body}}", "X-A: '{{.req.Body}}'", "X-A: [x, {{.req.Body}}]"}) {
    EXPECT_EQ(run("template: |\n  headers:\n    " + std::string(place)), "buildErr") << place;
    EXPECT_THAT(last_tag(), HasSubstr("has a blank at an end")) << place;
  }
  // Blanks of the template are none of the value.
  EXPECT_EQ(run("template: |\n  headers:\n    X-A: {{.req.Method}} {{header .req.Header `X`}} "),
            "")
      << last_tag();
  EXPECT_EQ(request().headers.get("X-A"), "GET");
}

TEST_F(RequestBuilderTest, JsonIsWhatAPlaceTakes) {
  request().body.assign(R"({"h": {"X-A": ["1", "2"]}, "s": "a\"b", "n": null})");
  const http::Request fresh = [&] {
    EXPECT_EQ(run("template: |\n  headers: {{.req.JSONBody.h | toJson}}\n"
                  "  body: {{.req.JSONBody | toJson}}"),
              "")
        << last_tag();
    http::Request copy;
    copy.copy_head(request());
    copy.body.assign(std::string(request().body.bytes()));
    return copy;
  }();
  EXPECT_EQ(fresh.headers.size(), 2U);
  EXPECT_EQ(fresh.body.bytes(), R"({"h":{"X-A":["1","2"]},"n":null,"s":"a\"b"})");
  // A text in quotes is the text.
  for (const char* function : {"toJson", "quote", "printf \"%q\""}) {
    request().body.assign(R"({"s": "a\"b"})");
    EXPECT_EQ(run("template: |\n  headers:\n    X-A: {{.req.JSONBody.s | " + std::string(function) +
                  "}}"),
              "")
        << last_tag();
    EXPECT_EQ(request().headers.get("X-A"), "a\"b") << function;
  }
  // JSON of a message, where a map is wanted.
  request().body.assign(R"({"X-B": "1"})");
  EXPECT_EQ(run("template: 'headers: {{.req.Body}}'"), "") << last_tag();
  EXPECT_EQ(request().headers.get("X-B"), "1");
}

TEST_F(RequestBuilderTest, KeysOfDataAreGivenOnce) {
  const std::string yaml =
      "template: |\n  headers:\n    {{range .req.JSONBody}}\n    {{.}}: {{. | upper}}\n    {{end}}";
  request().body.assign(R"(["x-a", "x-b"])");
  EXPECT_EQ(run(yaml), "") << last_tag();
  EXPECT_EQ(request().headers.get("x-b"), "X-B");
  request().body.assign(R"(["x-a", "x-a"])");
  EXPECT_EQ(run(yaml), "buildErr");
  EXPECT_THAT(last_tag(), HasSubstr("given twice"));
}

TEST_F(RequestBuilderTest, ABlockScalarEndsAsItSays) {
  for (const auto& [sign, bytes] : {std::pair("|", "x\n"), std::pair("|-", "x"),
                                    std::pair("|+", "x\n\n\n"), std::pair(">", "x\n")}) {
    request().body.assign("x\n\n");
    EXPECT_EQ(run("template: |\n  body: " + std::string(sign) + "\n    {{.req.Body}}\n"), "");
    EXPECT_EQ(request().body.bytes(), bytes) << sign;
  }
  request().body.clear();
  EXPECT_EQ(run("template: |\n  body: |\n    {{.req.Body}}\n"), "");
  EXPECT_EQ(request().body.bytes(), "");
  request().body.assign("  x\n y\r\nz");
  EXPECT_EQ(run("template: |\n  body: |-\n    <{{.req.Body}}>\n"), "");
  EXPECT_EQ(request().body.bytes(), "<  x\n y\r\nz>");
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
