// SPDX-License-Identifier: Apache-2.0
// Covers: freshness.cc
#include "filters/proxy/cache/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "filters/proxy/cache/testing/fields.h"

namespace sluice::filters {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class RulesTest : public ::testing::Test {
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
    return to_store(request, plan_for(request, spec_), response, spec_, {now_, kUnixNow, delay_});
  }
  // The seconds for which the response is fresh; 0 if it is not stored.
  std::int64_t fresh(const Fields& fields, const Fields& request_fields = {}) {
    const auto stored = store(request(request_fields), response(fields));
    if (!stored) return 0;
    return std::chrono::duration_cast<seconds>(stored->fresh_until - now_).count();
  }
  bool hit(const StoredResponse& stored, const Fields& fields, Duration later = {}) {
    const http::Request asking = request(fields);
    const CachePlan plan = plan_for(asking, spec_);
    return plan.find && use_of(stored, asking, plan, now_ + later) == Use::answer;
  }
  Use use(const StoredResponse& stored, Duration later, const Fields& fields = {}) {
    const http::Request asking = request(fields);
    return use_of(stored, asking, plan_for(asking, spec_), now_ + later);
  }
  bool on_error(const StoredResponse& stored, Duration later, const Fields& fields = {}) {
    return stands_in_for_error(stored, plan_for(request(fields), spec_), now_ + later);
  }

  MemoryCacheSpec spec_;
  TimePoint now_{std::chrono::hours(5)};
  Duration delay_{};
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
  for (const auto& [age, left] : std::map<std::string, int>{{"45", 15}, {"5", 40}}) {
    EXPECT_EQ(fresh({{"Cache-Control", "max-age=60"},
                     {"Age", age},
                     {"Date", "Sun, 06 Nov 1994 08:49:17 GMT"}}),
              left)
        << "the larger of Age and the time since Date";
  }
  EXPECT_EQ(fresh({{"Cache-Control", "max-age=0"}}), 0);
  EXPECT_EQ(fresh({{"Cache-Control", "max-age=x"}}), 0);
  EXPECT_EQ(fresh({{"Expires", "Sun, 06 Nov 1994 08:50:37 GMT"}}), 60);
  EXPECT_EQ(fresh({{"Expires", "0"}}), 0);
  EXPECT_EQ(fresh({{"Expires", "Sun, 06 Nov 1994 08:50:37 GMT"},
                   {"Expires", "Sun, 06 Nov 1994 08:50:37 GMT"}}),
            0)
      << "two are none";
  EXPECT_EQ(fresh({{"Expires", "Sun, 06 Nov 1994 08:50:37 GMT"},
                   {"Date", "Sun, 06 Nov 1994 08:49:17 GMT"}}),
            60)
      << "80 s from a Date that is 20 s ago";
  EXPECT_EQ(fresh({{"Expires", "0"}, {"Cache-Control", "max-age=60"}}), 60);
  // Times farther apart than a clock of nanoseconds can represent.
  EXPECT_EQ(fresh({{"Expires", "Fri, 31 Dec 9999 23:59:59 GMT"}}), 600);
  EXPECT_EQ(fresh({{"Expires", "Fri, 31 Dec 9999 23:59:59 GMT"},
                   {"Date", "Mon, 01 Jan 1601 00:00:00 GMT"}}),
            0);
}

TEST_F(RulesTest, WhatIsNotStored) {
  for (const char* control : {"no-store", "private", "private=\"x\"", "No-Store"})
    EXPECT_FALSE(store(request(), response({{"Cache-Control", control}, {"ETag", "\"a\""}})))
        << control;
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
  EXPECT_TRUE(hit(*stored, {{"Range", "bytes=0-1"}}));
  EXPECT_FALSE(hit(*stored, {{"If-Match", "\"a\""}}));
}

TEST_F(RulesTest, UnsafeMethodsInvalidate) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "FROB"})
    EXPECT_TRUE(plan_for(request({}, method), spec_).invalidate) << method;
  for (const char* method : {"GET", "HEAD", "OPTIONS", "TRACE"})
    EXPECT_FALSE(plan_for(request({}, method), spec_).invalidate) << method;
}

TEST_F(RulesTest, AgeIsTheFirstOfItsValues) {
  const auto age = [&](const Fields& fields) { return 600 - fresh(fields); };
  const std::pair<std::string, std::string> life = {"Cache-Control", "max-age=600"};
  EXPECT_EQ(age({life, {"Age", "7200, 0"}}), 600);
  EXPECT_EQ(age({life, {"Age", "0, 7200"}}), 0);
  EXPECT_EQ(age({life, {"Age", "30"}, {"Age", "0"}}), 30);
  for (const char* none : {"abc", "-30", "30.5", "30;x=1", "", "30 0"})
    EXPECT_EQ(age({life, {"Age", none}}), 0) << none;
  EXPECT_EQ(age({life, {"Age", "99999999999999999999"}}), 600);
  delay_ = seconds(7);
  EXPECT_EQ(age({life, {"Age", "30"}}), 37) << "what the request took counts";
  EXPECT_EQ(age({life}), 7);
}

TEST_F(RulesTest, OnlyWhatTheBackendSays) {
  spec_.default_expiration = Duration::zero();
  EXPECT_FALSE(store(request(), response({})));
  EXPECT_FALSE(store(request(), response({{"Last-Modified", "x"}}, 500)));
  EXPECT_EQ(fresh({{"Cache-Control", "max-age=60"}}), 60);
  const auto tagged = store(request(), response({{"ETag", "\"a\""}}));
  ASSERT_TRUE(tagged) << "it can be validated";
  EXPECT_EQ(use(*tagged, {}), Use::validate);
  spec_.codes.push_back(403);
  EXPECT_FALSE(store(request(), response({{"ETag", "\"a\""}}, 403)))
      << "nothing says that it may be kept";
  EXPECT_TRUE(store(request(), response({{"Cache-Control", "max-age=60"}}, 403)));
  spec_.default_expiration = seconds(5);
  EXPECT_EQ(fresh({}), 5);
  spec_.default_expiration = std::chrono::hours(5);
  EXPECT_EQ(fresh({}), 600) << "expiration is the limit";
}

TEST_F(RulesTest, NoCacheIsKeptAndAlwaysValidated) {
  for (const char* control : {"no-cache, max-age=60", "no-cache=\"x\", max-age=60"}) {
    const auto stored = store(request(), response({{"Cache-Control", control}, {"ETag", "\"a\""}}));
    ASSERT_TRUE(stored) << control;
    EXPECT_EQ(use(*stored, {}), Use::validate);
    EXPECT_EQ(use(*stored, {}, {{"Cache-Control", "max-stale"}}), Use::validate);
  }
}

TEST_F(RulesTest, StaleResponses) {
  const std::string stale = "max-age=60, stale-while-revalidate=10, stale-if-error=20";
  const auto stored = store(request(), response({{"Cache-Control", stale}}));
  ASSERT_TRUE(stored);
  EXPECT_EQ(use(*stored, seconds(59)), Use::answer);
  EXPECT_EQ(use(*stored, seconds(60)), Use::answer_late);
  EXPECT_EQ(use(*stored, seconds(69)), Use::answer_late);
  EXPECT_EQ(use(*stored, seconds(70)), Use::validate);
  EXPECT_TRUE(on_error(*stored, seconds(79)));
  EXPECT_FALSE(on_error(*stored, seconds(80)));
  EXPECT_TRUE(on_error(*stored, seconds(80), {{"Cache-Control", "stale-if-error=60"}}));
  EXPECT_EQ(use(*stored, seconds(100), {{"Cache-Control", "max-stale=40"}}), Use::answer);
  EXPECT_EQ(use(*stored, seconds(101), {{"Cache-Control", "max-stale=40"}}), Use::validate);
  // A response that the client's directives exclude does not replace an error either.
  EXPECT_EQ(use(*stored, seconds(65), {{"Cache-Control", "max-age=30"}}), Use::validate);
  EXPECT_FALSE(on_error(*stored, seconds(65), {{"Cache-Control", "max-age=30"}}));
  EXPECT_FALSE(on_error(*stored, seconds(65), {{"Cache-Control", "no-cache"}}));
}

TEST_F(RulesTest, WhatMustNotBeUsedStale) {
  spec_.stale_while_revalidate = spec_.stale_if_error = std::chrono::hours(1);
  for (const char* control : {"must-revalidate, max-age=60", "proxy-revalidate, max-age=60",
                              "s-maxage=60, stale-while-revalidate=9, stale-if-error=9"}) {
    const auto stored = store(request(), response({{"Cache-Control", control}}));
    ASSERT_TRUE(stored) << control;
    EXPECT_EQ(use(*stored, seconds(61)), Use::validate) << control;
    EXPECT_EQ(use(*stored, seconds(61), {{"Cache-Control", "max-stale"}}), Use::validate);
    EXPECT_FALSE(on_error(*stored, seconds(61))) << control;
  }
  const auto silent = store(request(), response({}));
  EXPECT_EQ(use(*silent, seconds(601)), Use::answer_late) << "as the configuration says";
  EXPECT_TRUE(on_error(*silent, seconds(601)));
  const auto told = store(request(), response({{"Cache-Control", "max-age=60, stale-if-error=1"}}));
  EXPECT_FALSE(on_error(*told, seconds(62))) << "what it says counts";
  spec_.codes.push_back(500);
  EXPECT_FALSE(on_error(*store(request(), response({}, 500)), seconds(601)))
      << "an error is no better than another";
}

TEST_F(RulesTest, MustUnderstand) {
  spec_.codes.push_back(599);
  const Fields fields = {{"Cache-Control", "max-age=60, no-store, must-understand"}};
  EXPECT_TRUE(store(request(), response(fields)));
  EXPECT_FALSE(store(request(), response(fields, 599)));
}

TEST_F(RulesTest, TargetedFields) {
  spec_.targeted_fields = {"X-Cache-Control", "CDN-Cache-Control"};
  const std::pair<std::string, std::string> others = {"Cache-Control", "no-store"};
  EXPECT_EQ(fresh({others, {"CDN-Cache-Control", "max-age=60"}}), 60);
  EXPECT_EQ(fresh({{"Cache-Control", "max-age=600"}, {"CDN-Cache-Control", "max-age=60"}}), 60);
  EXPECT_EQ(fresh({{"X-Cache-Control", "max-age=30"}, {"CDN-Cache-Control", "max-age=60"}}), 30);
  EXPECT_EQ(fresh({{"Cache-Control", "max-age=600"}, {"CDN-Cache-Control", "no-store"}}), 0);
  EXPECT_EQ(fresh({others, {"CDN-Cache-Control", "max-age=60, &&"}}), 0) << "it counts as absent";
  spec_.targeted_fields.clear();
  EXPECT_EQ(fresh({others, {"CDN-Cache-Control", "max-age=60"}}), 0);
}

TEST_F(RulesTest, EncodedResponsesAreForThoseWhoTakeTheSame) {
  const auto stored =
      store(request({{"Accept-Encoding", "br"}}),
            response({{"Content-Encoding", "br"}, {"Cache-Control", "max-age=60"}}));
  ASSERT_TRUE(stored);
  EXPECT_EQ(use(*stored, {}, {{"Accept-Encoding", "br"}}), Use::answer);
  EXPECT_EQ(use(*stored, {}), Use::none);
}

TEST_F(RulesTest, DateIsAddedIfThereIsNone) {
  const auto stored = store(request(), response({}));
  EXPECT_EQ(stored->headers.get("Date"), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace sluice::filters
