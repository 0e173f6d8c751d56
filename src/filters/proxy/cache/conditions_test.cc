// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/conditions.h"

#include <gtest/gtest.h>

#include "filters/proxy/cache/testing/fields.h"
#include "http/cache_control.h"

namespace sluice::filters {
namespace {

constexpr const char* kDate = "Sun, 06 Nov 1994 08:00:00 GMT";

http::Headers headers(const Fields& fields) {
  http::Headers headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  return headers;
}

http::Request request(const Fields& fields) {
  http::Request request;
  request.method = "GET";
  request.headers = headers(fields);
  return request;
}

StoredResponse& fill(StoredResponse& stored, const Fields& fields) {
  stored.status = 200;
  stored.headers = headers(fields);
  stored.body = std::make_shared<const std::string>("hello");
  return stored;
}

TEST(Conditions, OfClients) {
  StoredResponse stored;
  fill(stored, {{"ETag", "W/\"a\""}, {"Last-Modified", kDate}});
  const auto same = [&](const Fields& fields) {
    return not_modified(request(fields), stored, kUnixNow);
  };
  EXPECT_FALSE(same({}));
  EXPECT_TRUE(same({{"If-None-Match", "\"b\", \"a\""}}));
  EXPECT_TRUE(same({{"If-None-Match", "\"b\""}, {"If-None-Match", "\"a\""}}));
  EXPECT_TRUE(same({{"If-None-Match", "*"}}));
  EXPECT_FALSE(same({{"If-None-Match", "\"b\""}}));
  EXPECT_FALSE(same({{"If-None-Match", "\"b\""}, {"If-Modified-Since", kDate}}))
      << "tags count, if there are any";
  EXPECT_TRUE(same({{"If-Modified-Since", kDate}}));
  EXPECT_FALSE(same({{"If-Modified-Since", "Sun, 06 Nov 1994 07:59:59 GMT"}}));
  EXPECT_FALSE(same({{"If-Modified-Since", "yesterday"}}));
  stored.status = 404;
  EXPECT_FALSE(same({{"If-None-Match", "\"a\""}}));
}

TEST(Conditions, DateStandsInForLastModified) {
  StoredResponse stored;
  fill(stored, {{"Date", kDate}});
  EXPECT_TRUE(not_modified(request({{"If-Modified-Since", kDate}}), stored, kUnixNow));
  EXPECT_FALSE(not_modified(request({{"If-Modified-Since", "Sun, 06 Nov 1994 07:59:59 GMT"}}),
                            stored, kUnixNow));
}

TEST(Conditions, ValidationTakesThePlaceOfTheClientsAndGivesItBack) {
  StoredResponse stored;
  fill(stored, {{"ETag", "\"a\""}, {"Last-Modified", kDate}});
  http::Request asking = request(
      {{"If-None-Match", "\"b\""}, {"Range", "bytes=0-1"}, {"If-Range", "\"b\""}, {"X", "1"}});
  {
    const Validation validation(asking, stored);
    EXPECT_EQ(asking.headers.get("If-None-Match"), "\"a\"");
    EXPECT_EQ(asking.headers.get("If-Modified-Since"), kDate);
    EXPECT_FALSE(asking.headers.contains("Range"));
    EXPECT_FALSE(asking.headers.contains("If-Range"));
    EXPECT_EQ(asking.headers.get("X"), "1");
  }
  EXPECT_EQ(asking.headers.get("If-None-Match"), "\"b\"");
  EXPECT_EQ(asking.headers.get("Range"), "bytes=0-1");
  EXPECT_FALSE(asking.headers.contains("If-Modified-Since"));
}

TEST(Conditions, WhichResponseANotModifiedIsAbout) {
  StoredResponse tagged;
  fill(tagged, {{"ETag", "\"a\""}, {"Last-Modified", kDate}});
  StoredResponse dated;
  fill(dated, {{"Last-Modified", kDate}});
  const auto about = [](const StoredResponse& stored, const Fields& fields) {
    http::Response response;
    response.status = 304;
    response.headers = headers(fields);
    return is_about(response, stored);
  };
  EXPECT_TRUE(about(tagged, {}));
  EXPECT_TRUE(about(tagged, {{"ETag", "\"a\""}}));
  EXPECT_TRUE(about(tagged, {{"ETag", "W/\"a\""}})) << "a gateway on the way may have weakened it";
  EXPECT_FALSE(about(tagged, {{"ETag", "\"b\""}}));
  EXPECT_TRUE(
      about(tagged, {{"ETag", "\"a\""}, {"Last-Modified", "Sun, 06 Nov 1994 08:00:01 GMT"}}));
  EXPECT_TRUE(about(dated, {{"ETag", "\"b\""}}));
  EXPECT_FALSE(about(dated, {{"Last-Modified", "Sun, 06 Nov 1994 08:00:01 GMT"}}));
}

TEST(Conditions, FieldsAreUpdatedButThoseOfTheBody) {
  StoredResponse stored;
  fill(stored, {{"A", "1"}, {"B", "2"}, {"Date", kDate}, {"Content-Encoding", "gzip"}});
  stored.trailers.add("X-Sum", "5");
  const auto fresh = updated(stored, headers({{"b", "3"},
                                              {"B", "4"},
                                              {"C", "5"},
                                              {"Age", "7"},
                                              {"Content-Length", "0"},
                                              {"Content-Encoding", "br"},
                                              {"Content-Range", "bytes 0-1/2"}}));
  EXPECT_EQ(fresh->headers.get("A"), "1");
  EXPECT_EQ(http::combined(fresh->headers, "B"), "3, 4");
  EXPECT_EQ(fresh->headers.get("C"), "5");
  EXPECT_EQ(fresh->headers.get("Age"), "7");
  EXPECT_EQ(fresh->headers.get("Content-Encoding"), "gzip");
  EXPECT_FALSE(fresh->headers.contains("Content-Length"));
  EXPECT_FALSE(fresh->headers.contains("Content-Range"));
  EXPECT_FALSE(fresh->headers.contains("Date")) << "its age counts from now on";
  EXPECT_EQ(fresh->body, stored.body);
  EXPECT_EQ(fresh->trailers.get("X-Sum"), "5");
}

TEST(Conditions, WhatANotModifiedSays) {
  http::Headers fields = headers({{"ETag", "\"a\""}, {"X-Own", "1"}, {"vary", "X"}});
  keep_for_not_modified(fields);
  EXPECT_EQ(fields.size(), 2U);
  EXPECT_TRUE(fields.contains("ETag"));
  EXPECT_TRUE(fields.contains("Vary"));
}

}  // namespace
}  // namespace sluice::filters
