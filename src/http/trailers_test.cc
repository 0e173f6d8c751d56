// SPDX-License-Identifier: Apache-2.0
#include "http/trailers.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(Trailers, WhatMayFollowTheContent) {
  for (const char* name : {"grpc-status", "Grpc-Message", "Server-Timing", "ETag", "Content-MD5",
                           "Content-Digest", "Authentication-Info", "X-Checksum", "X-Forwarded"})
    EXPECT_TRUE(may_be_trailer(name)) << name;
}

// RFC 9110 section 6.5.1.
TEST(Trailers, WhatMayNot) {
  for (const char* name : {"Content-Length",
                           "transfer-encoding",
                           "HOST",
                           "Trailer",
                           "Connection",
                           "te",
                           "Upgrade",
                           "Authorization",
                           "Cookie",
                           "set-cookie",
                           "WWW-Authenticate",
                           "Proxy-Authorization",
                           "Content-Type",
                           "content-encoding",
                           "Content-Range",
                           "Cache-Control",
                           "Expires",
                           "Location",
                           "If-None-Match",
                           "Range",
                           "Expect",
                           "Forwarded",
                           "X-Forwarded-For",
                           "x-real-ip",
                           "Access-Control-Allow-Origin",
                           "Keep-Alive",
                           "X_Forwarded_For",
                           "content_length",
                           "X.Real_IP",
                           "Traceparent",
                           "tracestate",
                           "b3",
                           "X-B3-TraceId",
                           "x_b3_spanid",
                           ":status"})
    EXPECT_FALSE(may_be_trailer(name)) << name;
}

TEST(Trailers, AreMadeWhenThereIsOne) {
  std::unique_ptr<Headers> trailers;
  add_trailer(trailers, "Host", "elsewhere");
  EXPECT_EQ(trailers, nullptr);
  add_trailer(trailers, "X-Sum", "1");
  add_trailer(trailers, "X-Sum", "2");
  ASSERT_NE(trailers, nullptr);
  EXPECT_EQ(trailers->size(), 2U);
}

TEST(Trailers, WhoWantsThem) {
  for (const char* te : {"trailers", "Trailers", "deflate;q=0.5, trailers", " trailers ,gzip"})
    EXPECT_TRUE(wants_trailers(te)) << te;
  for (const char* te : {"", "deflate", "trailers;q=0", "no-trailers", "trailers x"})
    EXPECT_FALSE(wants_trailers(te)) << te;
}

}  // namespace
}  // namespace sluice::http
