// SPDX-License-Identifier: Apache-2.0
#include "filters/fallback/fallback.h"

#include <gmock/gmock.h>

#include "filters/builder/testing/filter_run.h"

namespace sluice::filters {
namespace {

class FallbackTest : public FilterRun {
 protected:
  FallbackTest() : FilterRun(make_fallback_kind()) {}
};

TEST_F(FallbackTest, ReplacesTheResponse) {
  http::Response& response = exchange_.new_response();
  response.status = 500;
  response.headers.add("Content-Encoding", "gzip");
  response.headers.add("ETag", "\"x\"");
  response.headers.add("X-Kept", "1");
  response.body = stream_of({"x"});
  EXPECT_EQ(run("mockCode: 203\nmockHeaders: {Content-Type: text/plain}\nmockBody: sorry"),
            "fallback");
  EXPECT_EQ(response.status, 203);
  EXPECT_EQ(response.body.bytes(), "sorry");
  EXPECT_EQ(response.headers.get("Content-Type"), "text/plain");
  EXPECT_EQ(response.headers.get("X-Kept"), "1");
  EXPECT_FALSE(response.headers.contains("Content-Encoding"));
  EXPECT_FALSE(response.headers.contains("ETag"));
}

TEST_F(FallbackTest, NeedsAResponse) {
  EXPECT_EQ(run("mockCode: 200"), "responseNotFound");
  EXPECT_EQ(exchange_.response(), nullptr);
}

TEST_F(FallbackTest, FaultsOfTheSpec) {
  EXPECT_THAT(faults_of("mockBody: x"), ::testing::ElementsAre("filters[0].mockCode: is required"));
  EXPECT_EQ(faults_of("mockCode: 100").size(), 1U);
  EXPECT_EQ(faults_of("mockCode: 200\nmockHeaders: {'a b': c, Connection: x, A: \"\\x01\"}").size(),
            3U);
}

}  // namespace
}  // namespace sluice::filters
