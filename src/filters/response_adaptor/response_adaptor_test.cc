// SPDX-License-Identifier: Apache-2.0
#include "filters/response_adaptor/response_adaptor.h"

#include <gmock/gmock.h>

#include "filters/builder/testing/filter_run.h"
#include "http/deflater.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string gzipped(std::string_view bytes) {
  http::Deflater deflater;
  std::string out;
  deflater.feed(bytes, http::Deflater::Flush::finish, out);
  return out;
}

class ResponseAdaptorTest : public FilterRun {
 protected:
  ResponseAdaptorTest() : FilterRun(make_response_adaptor_kind({})) {}
  http::Response& response() { return exchange_.ensure_response(); }
};

TEST_F(ResponseAdaptorTest, ChangesHeadersAndLeavesAStream) {
  response().headers.add("Server", "old");
  response().headers.add("ETag", "\"x\"");
  response().body = stream_of({"x"});
  EXPECT_EQ(run("header: {set: {Server: new}, add: {X-A: '1'}}"), "");
  EXPECT_EQ(response().headers.get("Server"), "new");
  EXPECT_EQ(response().headers.get("X-A"), "1");
  EXPECT_EQ(response().headers.get("ETag"), "\"x\"");
  EXPECT_TRUE(response().body.is_stream());
}

TEST_F(ResponseAdaptorTest, ReplacesTheBody) {
  response().headers.add("ETag", "\"x\"");
  response().headers.add("Content-Encoding", "gzip");
  response().body = stream_of({"x"});
  EXPECT_EQ(run("body: fixed\nheader: {add: {ETag: '\"new\"'}}"), "");
  EXPECT_EQ(response().body.bytes(), "fixed");
  EXPECT_EQ(response().headers.size(), 1U);
  EXPECT_EQ(response().headers.get("ETag"), "\"new\"");
}

TEST_F(ResponseAdaptorTest, CompressesAndDecompresses) {
  response().body = stream_of({"one", "two"});
  EXPECT_EQ(run("compress: gzip"), "");
  EXPECT_EQ(response().body.bytes(), gzipped("onetwo"));
  EXPECT_EQ(response().headers.get("Content-Encoding"), "gzip");
  EXPECT_EQ(run("decompress: gzip"), "");
  EXPECT_EQ(response().body.bytes(), "onetwo");
}

TEST_F(ResponseAdaptorTest, WhatCannotBeRecodedIsNotSent) {
  response().body = stream_of({std::string((4 << 20) + 1, 'x')});
  EXPECT_EQ(run("compress: gzip"), "compressFailed");
  EXPECT_EQ(response().status, 503);
  EXPECT_FALSE(response().body.is_stream());
  response().headers.set("Content-Encoding", "gzip");
  response().body.assign("garbage");
  EXPECT_EQ(run("decompress: gzip"), "decompressFailed");
  EXPECT_EQ(response().status, 503);
}

TEST_F(ResponseAdaptorTest, BodiesThatAreNotThereStay) {
  request().method = "HEAD";
  response().body = stream_of({});
  EXPECT_EQ(run("body: x"), "");
  EXPECT_TRUE(response().body.is_stream());
  request().method = "GET";
  response().status = 304;
  EXPECT_EQ(run("body: x"), "");
  EXPECT_TRUE(response().body.is_stream());
  response().status = 206;
  response().headers.set("Content-Range", "bytes 0-1/9");
  EXPECT_EQ(run("compress: gzip"), "");
  EXPECT_TRUE(response().body.is_stream());
}

TEST_F(ResponseAdaptorTest, TheTemplateGoesBeforeTheSpec) {
  response().status = 202;
  response().body = stream_of({"{\"n\":", "1}"});
  EXPECT_EQ(run(R"(header: {set: {X-A: spec, X-B: spec}}
template: |
  header:
    set: {X-A: "{{.resp.StatusCode}}"}
  body: "{{.resp.JSONBody.n}} of {{.req.Method}}"
)"),
            "")
      << last_tag();
  EXPECT_EQ(response().headers.get("X-A"), "202");
  EXPECT_EQ(response().headers.get("X-B"), "spec");
  EXPECT_EQ(response().body.bytes(), "1 of GET");
  EXPECT_THAT(faults_of("template: 'statusCode: 1'"),
              ElementsAre(HasSubstr("filters[0].template: statusCode: is unknown")));
}

TEST_F(ResponseAdaptorTest, WaitsForTheResponseOfALaterFilter) {
  exchange_.at_last_node = false;
  const auto filter = make("header: {set: {X-A: '1'}}");
  EXPECT_EQ(run(*filter), "");
  EXPECT_EQ(exchange_.response(), nullptr);
  ASSERT_EQ(exchange_.response_sides().size(), 1U);
  response().body = stream_of({"x"});
  loop::run_to_completion(loop_, exchange_.response_sides()[0].side->respond(exchange_));
  EXPECT_EQ(response().headers.get("X-A"), "1");
  EXPECT_TRUE(response().body.is_stream());
}

TEST_F(ResponseAdaptorTest, TheLastFilterNeedsAResponse) {
  exchange_.at_last_node = true;
  EXPECT_EQ(run("body: x"), "responseNotFound");
}

TEST_F(ResponseAdaptorTest, FaultsOfTheSpec) {
  EXPECT_EQ(faults_of("compress: gzip\ndecompress: gzip").size(), 1U);
  EXPECT_EQ(faults_of("body: x\ndecompress: gzip").size(), 1U);
  EXPECT_EQ(faults_of("header: {set: {Connection: x}}").size(), 1U);
}

}  // namespace
}  // namespace sluice::filters
