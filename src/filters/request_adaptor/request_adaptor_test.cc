// SPDX-License-Identifier: Apache-2.0
// Covers: path_change.cc
#include "filters/request_adaptor/request_adaptor.h"

#include <gmock/gmock.h>

#include <map>

#include "filters/builder/testing/filter_run.h"
#include "http/deflater.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string gzip(std::string_view bytes) {
  http::Deflater deflater;
  std::string out;
  deflater.feed(bytes, http::Deflater::Flush::finish, out);
  return out;
}

class RequestAdaptorTest : public FilterRun {
 protected:
  RequestAdaptorTest() : FilterRun(make_request_adaptor_kind({})) {}
  // The escaped path after the change of the spec.
  std::string path_after(std::string_view target, std::string_view spec) {
    EXPECT_TRUE(request().set_target(target));
    EXPECT_EQ(run("path: " + std::string(spec)), "") << target << " " << last_tag();
    std::string decoded;
    EXPECT_TRUE(http::percent_decode(request().escaped_path, decoded));
    EXPECT_EQ(request().path, decoded);
    return request().target();
  }
};

TEST_F(RequestAdaptorTest, ChangesHostMethodAndBody) {
  request().headers.add("Content-Encoding", "br");
  EXPECT_EQ(run("host: other.example:81\nmethod: PUT\nbody: text"), "");
  EXPECT_EQ(request().host, "other.example:81");
  EXPECT_EQ(request().method, "PUT");
  EXPECT_EQ(request().body.bytes(), "text");
  EXPECT_FALSE(request().headers.contains("Content-Encoding"));
}

// A backend may read X_Internal as X-Internal.
TEST_F(RequestAdaptorTest, TwinsOfWhatItDeletesAndSetsGo) {
  for (const char* name : {"X-Internal", "X_Internal", "X.Internal", "X_User", "X_Tag", "X_Other"})
    request().headers.add(name, "client");
  EXPECT_EQ(run("header: {del: [x-internal], set: {X-User: ada}, add: {X-Tag: t}}"), "");
  std::vector<std::string> left;
  for (const http::Field& field : request().headers) left.push_back(field.name + "=" + field.value);
  EXPECT_THAT(left, ElementsAre("X_Tag=client", "X_Other=client", "X-User=ada", "X-Tag=t"));
}

TEST_F(RequestAdaptorTest, ChangesPaths) {
  EXPECT_EQ(path_after("/a?q=1", "{replace: '/b c'}"), "/b%20c?q=1");
  EXPECT_EQ(path_after("/a%2Fb?q", "{addPrefix: /v3}"), "/v3/a%2Fb?q");
  EXPECT_EQ(path_after("/a", "{addPrefix: /v3/}"), "/v3/a");
  EXPECT_EQ(path_after("/apis/v2/x%2Fy", "{trimPrefix: /apis/v2}"), "/x%2Fy");
  EXPECT_EQ(path_after("/apis/v2", "{trimPrefix: /apis/v2}"), "/");
  EXPECT_EQ(path_after("/other", "{trimPrefix: /apis/v2}"), "/other");
  EXPECT_EQ(path_after("/a.b/c", "{trimPrefix: /a.b}"), "/c");
  EXPECT_EQ(path_after("/aXb/c", "{trimPrefix: /a.b}"), "/aXb/c");
  EXPECT_EQ(path_after("/one/two/three",
                       "{regexpReplace: {regexp: '^/([a-z]+)/([a-z]+)', replace: /$2/$1}}"),
            "/two/one/three");
  // The first that is given counts.
  EXPECT_EQ(path_after("/a", "{trimPrefix: /a, addPrefix: /p}"), "/p/a");
}

TEST_F(RequestAdaptorTest, APathWithDotSegmentsIsRefused) {
  EXPECT_TRUE(request().set_target("/a/x/secret"));
  EXPECT_EQ(run("path: {regexpReplace: {regexp: x, replace: ..}}"), "badRequest");
  EXPECT_EQ(exchange_.response()->status, 400);
  EXPECT_THAT(last_tag(), HasSubstr("dot segments"));
  EXPECT_TRUE(request().set_target("/" + std::string(9000, 'x')));
  EXPECT_EQ(run("path: {regexpReplace: {regexp: x, replace: xxx}}"), "badRequest");
  EXPECT_EQ(exchange_.response()->status, 414);
}

TEST_F(RequestAdaptorTest, ChangesHeadersInTheirOrder) {
  request().headers.add("X-Del", "1");
  request().headers.add("X-Set", "1");
  request().headers.add("X-Set", "2");
  request().headers.add("X-Add", "1");
  EXPECT_EQ(run("header: {del: [x-del, X-Set], set: {X-Set: '3', Host: h.example}, "
                "add: {X-Add: '2'}}"),
            "");
  EXPECT_FALSE(request().headers.contains("X-Del"));
  EXPECT_EQ(request().headers.get("X-Set"), "3");
  EXPECT_EQ(request().headers.size(), 3U);
  EXPECT_EQ(request().host, "h.example");
}

TEST_F(RequestAdaptorTest, TheTemplateGoesBeforeTheSpec) {
  request().headers.add("X-Who", "it's me: \"x\"");
  request().headers.add("Authorization", "Basic YWRhOnB3");
  EXPECT_EQ(run(R"(method: PUT
header: {set: {X-A: spec, X-B: spec}}
template: |
  method: '{{ .req.Method }}'
  header:
    set:
      X-A: '{{ header .req.Header "X-Who" }}'
      X-User: '{{ username .req }}'
      X-Scheme: '{{ .req.URL.Scheme }}'
  path: {addPrefix: /p}
)"),
            "")
      << last_tag();
  EXPECT_EQ(request().method, "GET");
  EXPECT_EQ(request().headers.get("X-A"), "it's me: \"x\"");
  EXPECT_EQ(request().headers.get("X-B"), "spec");
  EXPECT_EQ(request().headers.get("X-User"), "ada");
  EXPECT_EQ(request().headers.get("X-Scheme"), "http");
  EXPECT_EQ(request().path, "/p/");
  EXPECT_EQ(run("template: 'method: {{.req.URL.Scheme}} {{.req.Method}}'"), "buildErr");
  EXPECT_THAT(faults_of("template: 'header: {set: {Connection: x}}'"),
              ElementsAre(HasSubstr("filters[0].template: header.set.Connection")));
  EXPECT_THAT(faults_of("template: 'heder: {}'"),
              ElementsAre(HasSubstr("filters[0].template: heder: is unknown")));
}

TEST_F(RequestAdaptorTest, AValueOfTheTemplateIsAText) {
  for (const std::string more : {"", "\n  {{if .req.Method}}path: {addPrefix: /p}{{end}}"}) {
    for (const std::string value :
         {"root #2", "'root'", "!!str root", "~", "null", "", "[a,b]", "0x10", "{\"a\": 1}"}) {
      request().headers.clear();
      request().headers.add("X-User", "forged");
      request().body.assign(value);
      EXPECT_EQ(run("template: |\n  header:\n    set:\n      X-User: {{.req.Body}}" + more), "")
          << last_tag();
      EXPECT_EQ(request().headers.get("X-User"), value) << more;
    }
    for (const char* value : {" root", "root ", "a\nb", "\t"}) {
      request().body.assign(value);
      EXPECT_EQ(run("template: |\n  header:\n    add:\n      X-User: {{.req.Body}}" + more),
                "buildErr");
    }
  }
}

// The spec and the template make the same changes, whatever of it is known at once.
TEST_F(RequestAdaptorTest, HeadersOfTheTemplateComeAfterThoseOfTheSpec) {
  for (const std::string more : {"", "\n  {{if .req.Method}}method: PUT{{end}}"}) {
    request().headers.clear();
    request().host = "shop.example";
    for (const char* name : {"X-Del", "X_Del", "X-Gone", "X_Set", "X-Set", "X-Fixed"})
      request().headers.add(name, "client");
    EXPECT_EQ(run("header: {del: [X-Gone], set: {X-Fixed: spec, X-Set: spec}, add: {X-Add: spec}}\n"
                  "template: |\n  header:\n    del: [X-Del]\n    set:\n      X-Set: {{.req.Host}}\n"
                  "      Host: '{{.req.Method}}.example'\n    add:\n      X-More: a{{.req.Host}}" +
                  more),
              "")
        << last_tag();
    std::map<std::string, std::string> left;
    for (const http::Field& field : request().headers) left[field.name] += field.value;
    EXPECT_THAT(left, ElementsAre(Pair("X-Add", "spec"), Pair("X-Fixed", "spec"),
                                  Pair("X-More", "ashop.example"), Pair("X-Set", "shop.example")));
    EXPECT_EQ(request().host, "GET.example");
    request().method = "GET";
  }
}

TEST_F(RequestAdaptorTest, CompressesAndDecompresses) {
  const std::string text(100'000, 'x');
  request().body = stream_of({text, text});
  EXPECT_EQ(run("compress: gzip"), "");
  EXPECT_EQ(request().headers.get("Content-Encoding"), "gzip");
  EXPECT_EQ(request().body.bytes(), gzip(text + text));
  EXPECT_EQ(run("compress: gzip"), "") << "encoded already";
  EXPECT_EQ(request().body.bytes(), gzip(text + text));
  EXPECT_EQ(run("decompress: gzip"), "");
  EXPECT_FALSE(request().headers.contains("Content-Encoding"));
  EXPECT_EQ(request().body.bytes(), text + text);
  EXPECT_EQ(run("decompress: gzip"), "") << "not encoded";
  EXPECT_EQ(request().body.bytes(), text + text);
}

TEST_F(RequestAdaptorTest, WhatCannotBeRecodedFails) {
  request().headers.set("Content-Encoding", "gzip");
  request().body.assign("garbage");
  EXPECT_EQ(run("decompress: gzip"), "decompressFailed");
  EXPECT_EQ(exchange_.response()->status, 400);
  request().body.assign(gzip(std::string((4 << 20) + 1, '\0')));
  EXPECT_EQ(run("decompress: gzip"), "decompressFailed");
  request().headers.remove("Content-Encoding");
  request().body = stream_of({std::string((4 << 20) + 1, 'x')});
  EXPECT_EQ(run("compress: gzip"), "compressFailed");
  EXPECT_EQ(exchange_.response()->status, 413);
}

TEST_F(RequestAdaptorTest, Signs) {
  const std::string_view spec =
      "sign: {apiProvider: aws4, accessKeyId: ID, accessKeySecret: S, scopes: [eu, shop]}";
  request().body.assign("text");
  EXPECT_EQ(run(spec), "") << last_tag();
  const std::string value(request().headers.get("Authorization").value_or(""));
  EXPECT_THAT(value, ::testing::StartsWith("AWS4-HMAC-SHA256 Credential=ID/"));
  EXPECT_THAT(value, HasSubstr("/eu/shop/aws4_request"));
  EXPECT_TRUE(request().headers.contains("X-Amz-Date"));
  request().body = stream_of({"x"});
  EXPECT_EQ(run(spec), "signFailed");
}

TEST_F(RequestAdaptorTest, FaultsOfTheSpec) {
  for (const auto& [spec, words] : {
           std::pair("compress: gzip\ndecompress: gzip", "decompress: stands beside compress"),
           std::pair("body: x\ndecompress: gzip", "decompress: stands beside body"),
           std::pair("compress: br", "compress"),
           std::pair("path: {addPrefix: v3}", "path.addPrefix"),
           std::pair("path: {regexpReplace: {regexp: '('}}", "path.regexpReplace.regexp"),
           std::pair("path: {regexpReplace: {regexp: a, replace: $1}}", "has no group"),
           std::pair("header: {set: {'a b': c}}", "is not a header name"),
           std::pair("header: {del: ['']}", "is not a header name"),
           std::pair("header: {add: {Transfer-Encoding: chunked}}", "itself"),
           std::pair("sign: {}", "accessKeyId: is required"),
           std::pair("sign: {apiProvider: gcp, accessKeyId: a, accessKeySecret: b}", "apiProvider"),
           std::pair("template: '{{if}}'", "template: line 1"),
           std::pair("method: get", "method"),
           std::pair("host: a/b", "host: \"a/b\" is not a host"),
       })
    EXPECT_THAT(faults_of(spec), ElementsAre(HasSubstr(words))) << spec;
}

}  // namespace
}  // namespace sluice::filters
