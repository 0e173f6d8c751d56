// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr std::int64_t kUnixNow = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT

class RulesTest : public testing::Test {
 protected:
  RulesTest() {
    spec_.expiration = minutes(10);
    spec_.max_entry_bytes = 1000;
    spec_.codes = {200, 404};
    spec_.methods = {"GET", "HEAD"};
  }
  static http::Request request(const Fields& fields = {}, const std::string& method = "GET") {
    http::Request request;
    request.method = method;
    request.scheme = "http";
    request.host = "Shop.Example";
    request.set_path("/a b");
    request.query = "x=1";
    request.has_query = true;
    for (const auto& [name, value] : fields) request.headers.add(name, value);
    return request;
  }
  static http::Response response(const Fields& fields, int status = 200,
                                 const std::string& body = "hello") {
    http::Response response;
    response.status = status;
    response.body.assign(body);
    for (const auto& [name, value] : fields) response.headers.add(name, value);
    return response;
  }
  std::shared_ptr<StoredResponse> store(const http::Request& request,
                                        const http::Response& response) {
    return to_store(request, plan_for(request, spec_), response, spec_, now_, kUnixNow);
  }
  // Seconds that the response is fresh; 0 if it is not stored.
  std::int64_t fresh(const Fields& fields, const Fields& request_fields = {}) {
    const auto stored = store(request(request_fields), response(fields));
    if (!stored) return 0;
    return std::chrono::duration_cast<seconds>(stored->fresh_until - now_).count();
  }
  bool hit(const StoredResponse& stored, const Fields& fields, Duration later = {}) {
    const http::Request asking = request(fields);
    const CachePlan plan = plan_for(asking, spec_);
    return plan.find && answers(stored, asking, plan, now_ + later);
  }

  MemoryCacheSpec spec_;
  TimePoint now_{std::chrono::hours(5)};
};

TEST_F(RulesTest, KeyHasSchemeHostPathAndQuery) {
  EXPECT_EQ(cache_key(request()), "http://shop.example/a%20b?x=1");
}

TEST_F(RulesTest, FreshnessIsWhatTheResponseSaysAtMostExpiration) {
  EXPECT_EQ(fresh({}), 600) << "it says nothing";
  EXPECT_EQ(fresh({{"Cache-Control", "max-age=60"}}), 60);
  EXPECT_EQ(fresh({{"Cache-Control", "max-age=6000"}}), 600);
  EXPECT_EQ(fresh({{"Cache-Control", "max-age=60, s-maxage=30"}}), 30);
  EXPECT_EQ(fresh({{"Cache-Control", "max-age=60"}, {"Age", "45"}}), 15);
  EXPECT_EQ(fresh({{"Cache-Control", "max-age=60"}, {"Age", "60"}}), 0);
  EXPECT_EQ(fresh({{"Cache-Control", "max-age=0"}}), 0);
  EXPECT_EQ(fresh({{"Cache-Control", "max-age=x"}}), 0);
  EXPECT_EQ(fresh({{"Expires", "Sun, 06 Nov 1994 08:50:37 GMT"}}), 60);
  EXPECT_EQ(fresh({{"Expires", "0"}}), 0);
  EXPECT_EQ(fresh({{"Expires", "Sun, 06 Nov 1994 08:50:37 GMT"},
                   {"Date", "Sun, 06 Nov 1994 08:49:17 GMT"}}),
            60)
      << "80 s from a Date that is 20 s ago";
  EXPECT_EQ(fresh({{"Expires", "0"}, {"Cache-Control", "max-age=60"}}), 60);
  // Times farther apart than a clock of nanoseconds can say.
  EXPECT_EQ(fresh({{"Expires", "Fri, 31 Dec 9999 23:59:59 GMT"}}), 600);
  EXPECT_EQ(fresh({{"Expires", "Fri, 31 Dec 9999 23:59:59 GMT"},
                   {"Date", "Mon, 01 Jan 1601 00:00:00 GMT"}}),
            0);
}

TEST_F(RulesTest, WhatIsNotStored) {
  for (const char* control : {"no-store", "no-cache", "private", "private=\"x\"", "No-Store"})
    EXPECT_EQ(fresh({{"Cache-Control", control}}), 0) << control;
  EXPECT_EQ(fresh({{"Vary", "*"}}), 0);
  EXPECT_EQ(fresh({{"Set-Cookie", "a=b"}}), 0);
  EXPECT_EQ(fresh({}, {{"Cache-Control", "no-store"}}), 0);
  EXPECT_EQ(fresh({}, {{"Range", "bytes=0-1"}}), 0);
  EXPECT_EQ(fresh({}, {{"If-Match", "\"a\""}}), 0);
  EXPECT_FALSE(store(request(), response({}, 500)));
  EXPECT_FALSE(store(request(), response({}, 200, std::string(1001, 'x'))));
  EXPECT_FALSE(store(request({}, "POST"), response({})));
  EXPECT_FALSE(store(request({}, "HEAD"), response({})));
  http::Request upgrade = request();
  upgrade.upgrade = "websocket";
  EXPECT_FALSE(store(upgrade, response({})));
  EXPECT_FALSE(plan_for(upgrade, spec_).find);
  http::Request with_body = request();
  with_body.body.assign("x");
  EXPECT_FALSE(store(with_body, response({})));
  EXPECT_TRUE(store(request(), response({}, 404)));
  spec_.allow_set_cookie = true;
  EXPECT_EQ(fresh({{"Set-Cookie", "a=b"}}), 600);
}

TEST_F(RulesTest, Authorization) {
  const Fields login = {{"Authorization", "Basic x"}};
  EXPECT_EQ(fresh({}, login), 0);
  for (const char* control : {"public", "must-revalidate", "s-maxage=600"})
    EXPECT_EQ(fresh({{"Cache-Control", control}}, login), 600) << control;
  const auto anonymous = store(request(), response({}));
  EXPECT_TRUE(hit(*anonymous, {}));
  EXPECT_FALSE(hit(*anonymous, login))
      << "the backend may have another answer for who is logged in";
  const auto open = store(request(login), response({{"Cache-Control", "public"}}));
  EXPECT_TRUE(hit(*open, {}));
  EXPECT_TRUE(hit(*open, login));
}

TEST_F(RulesTest, Cookies) {
  const Fields session = {{"Cookie", "session=1"}};
  EXPECT_EQ(fresh({}, session), 0) << "it may be a page of one user";
  for (const char* control : {"max-age=600", "s-maxage=600", "public"})
    EXPECT_EQ(fresh({{"Cache-Control", control}}, session), 600) << control;
  EXPECT_TRUE(hit(*store(request(), response({})), session));
  spec_.ignore_cookies = true;
  EXPECT_EQ(fresh({}, session), 600);
}

TEST_F(RulesTest, OriginsOfPages) {
  EXPECT_EQ(fresh({{"Access-Control-Allow-Origin", "*"}}), 600);
  EXPECT_EQ(fresh({{"Access-Control-Allow-Origin", "https://a"}}), 0);
  EXPECT_EQ(fresh({{"Access-Control-Allow-Origin", "https://a"}, {"Vary", "X, origin"}}), 600);
}

TEST_F(RulesTest, Vary) {
  const auto stored = store(request({{"Accept-Language", "de"}, {"X-A", "1"}, {"x-a", "2"}}),
                            response({{"Vary", "accept-language, X-A"}, {"Vary", "X-B"}}));
  ASSERT_TRUE(stored);
  EXPECT_TRUE(hit(*stored, {{"Accept-Language", "de"}, {"X-A", "1, 2"}}));
  EXPECT_FALSE(hit(*stored, {{"Accept-Language", "en"}, {"X-A", "1, 2"}}));
  EXPECT_FALSE(hit(*stored, {{"Accept-Language", "de"}}));
  EXPECT_FALSE(hit(*stored, {{"Accept-Language", "de"}, {"X-A", "1, 2"}, {"X-B", "3"}}));
}

TEST_F(RulesTest, WhatTheRequestAsks) {
  const auto stored = store(request(), response({{"Cache-Control", "max-age=60"}, {"Age", "20"}}));
  ASSERT_TRUE(stored);
  EXPECT_FALSE(stored->headers.contains("Age"));
  EXPECT_TRUE(hit(*stored, {}, seconds(39)));
  EXPECT_FALSE(hit(*stored, {}, seconds(40)));
  EXPECT_FALSE(hit(*stored, {{"Cache-Control", "no-cache"}}));
  EXPECT_FALSE(hit(*stored, {{"Pragma", "no-cache"}}));
  EXPECT_TRUE(hit(*stored, {{"Pragma", "no-cache"}, {"Cache-Control", "max-age=30"}}));
  EXPECT_FALSE(hit(*stored, {{"Cache-Control", "no-store"}}));
  EXPECT_TRUE(hit(*stored, {{"Cache-Control", "max-age=20"}}));
  EXPECT_FALSE(hit(*stored, {{"Cache-Control", "max-age=19"}}));
  EXPECT_TRUE(hit(*stored, {{"Cache-Control", "min-fresh=40"}}));
  EXPECT_FALSE(hit(*stored, {{"Cache-Control", "min-fresh=41"}}));
  EXPECT_FALSE(hit(*stored, {{"Range", "bytes=0-1"}}));
}

TEST_F(RulesTest, UnsafeMethodsInvalidate) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "FROB"})
    EXPECT_TRUE(plan_for(request({}, method), spec_).invalidate) << method;
  for (const char* method : {"GET", "HEAD", "OPTIONS", "TRACE"})
    EXPECT_FALSE(plan_for(request({}, method), spec_).invalidate) << method;
}

TEST_F(RulesTest, Conditions) {
  const auto stored =
      store(request(),
            response({{"ETag", "W/\"a\""}, {"Last-Modified", "Sun, 06 Nov 1994 08:00:00 GMT"}}));
  const auto same = [&](const Fields& fields) {
    return not_modified(request(fields), *stored, kUnixNow);
  };
  EXPECT_FALSE(same({}));
  EXPECT_TRUE(same({{"If-None-Match", "\"b\", \"a\""}}));
  EXPECT_TRUE(same({{"If-None-Match", "*"}}));
  EXPECT_FALSE(same({{"If-None-Match", "\"b\""}}));
  EXPECT_FALSE(
      same({{"If-None-Match", "\"b\""}, {"If-Modified-Since", "Sun, 06 Nov 1994 08:00:00 GMT"}}))
      << "tags count, if there are any";
  EXPECT_TRUE(same({{"If-Modified-Since", "Sun, 06 Nov 1994 08:00:00 GMT"}}));
  EXPECT_FALSE(same({{"If-Modified-Since", "Sun, 06 Nov 1994 07:59:59 GMT"}}));
  EXPECT_FALSE(same({{"If-Modified-Since", "yesterday"}}));
}

}  // namespace
}  // namespace sluice::filters
