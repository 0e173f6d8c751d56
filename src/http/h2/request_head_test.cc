// SPDX-License-Identifier: Apache-2.0
#include "http/h2/request_head.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace sluice::http::h2 {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Made {
  Request request;
  RequestHead head{SessionLimits{}};
  bool fatal = false;

  explicit Made(const Fields& fields) {
    head.start(request);
    for (const auto& [name, value] : fields) fatal = !head.add(name, value) || fatal;
    head.finish();
  }
};

Fields get(Fields more = {}) {
  Fields fields{{":method", "GET"},
                {":scheme", "https"},
                {":authority", "shop.example"},
                {":path", "/a%20b?c"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

TEST(RequestHeadTest, FillsTheRequest) {
  const Made made(get({{"accept", "*/*"}, {"content-length", "12"}}));
  EXPECT_EQ(made.head.refusal(), 0);
  EXPECT_EQ(made.request.version, Version::http2);
  EXPECT_EQ(made.request.method, "GET");
  EXPECT_EQ(made.request.host, "shop.example");
  EXPECT_EQ(made.request.path, "/a b");
  EXPECT_EQ(made.request.escaped_path, "/a%20b");
  EXPECT_EQ(made.request.query, "c");
  EXPECT_EQ(made.head.content_length(), 12U);
  EXPECT_EQ(made.request.headers.get("Content-Length"), "12") << "rules and guests see it";
  EXPECT_EQ(made.request.headers.size(), 2U);
}

TEST(RequestHeadTest, JoinsCookies) {
  const Made made(get({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}}));
  EXPECT_EQ(made.request.headers.get("Cookie"), "a=1; b=2");
  EXPECT_EQ(made.request.headers.size(), 2U);
}

TEST(RequestHeadTest, HostAndAuthority) {
  EXPECT_EQ(Made({{":method", "GET"}, {":path", "/"}, {"host", "a.example"}}).request.host,
            "a.example");
  EXPECT_EQ(Made(get({{"host", "SHOP.example"}})).head.refusal(), 0);
  EXPECT_EQ(Made(get({{"host", "other.example"}})).head.refusal(), 400);
  EXPECT_EQ(Made(get({{"host", "shop.example"}, {"host", "shop.example"}})).head.refusal(), 400);
  EXPECT_EQ(Made({{":method", "GET"}, {":path", "/"}, {":authority", "u@a"}}).head.refusal(), 400);
}

TEST(RequestHeadTest, Refusals) {
  EXPECT_EQ(Made({{":method", "CONNECT"}, {":authority", "a:1"}}).head.refusal(), 501);
  EXPECT_EQ(Made(get({{"expect", "tea"}})).head.refusal(), 417);
  EXPECT_TRUE(Made(get({{"expect", "100-Continue"}})).head.expects_continue());
  EXPECT_EQ(Made(get({{"content-length", "-1"}})).head.refusal(), 400);
  EXPECT_EQ(Made(get({{"connection", "close"}})).head.refusal(), 400);
  EXPECT_EQ(Made(get(Fields(201, {"x", "y"}))).head.refusal(), 431);
  EXPECT_EQ(Made(get(Fields(3, {"x", std::string(30000, 'y')}))).head.refusal(), 431);
  Fields long_path = get();
  long_path.back().second = "/" + std::string(16384, 'a');
  EXPECT_EQ(Made(long_path).head.refusal(), 414);
  Fields asterisk = get();
  asterisk.back().second = "*";
  EXPECT_EQ(Made(asterisk).head.refusal(), 400);
  asterisk.front().second = "OPTIONS";
  EXPECT_EQ(Made(asterisk).head.refusal(), 0);
}

TEST(RequestHeadTest, BombIsFatal) {
  EXPECT_FALSE(Made(get(Fields(60, {"x", std::string(4000, 'y')}))).fatal);
  const Made bomb(get(Fields(200, {"x", std::string(4000, 'y')})));
  EXPECT_TRUE(bomb.fatal);
  EXPECT_LT(bomb.request.headers.size(), 20U) << "nothing is kept beyond the limit";
}

// One head serves all streams of a connection.
TEST(RequestHeadTest, EveryHeadOfAConnectionIsReadAsIfItWereTheFirst) {
  const std::vector<Fields> heads = {get(),
                                     get({{"cookie", "a=1"}}),
                                     get({{"content-length", "12"}}),
                                     get({{"expect", "100-continue"}}),
                                     get({{"priority", "u=1"}}),
                                     get(Fields(200, {"x", "y"})),
                                     get(Fields(2, {"x", std::string(30000, 'y')})),
                                     {{":method", "GET"}, {":path", "/"}, {"host", "a.example"}},
                                     get({{"expect", "tea"}})};
  const auto told = [](RequestHead& head, const Fields& fields) {
    Request request;
    head.start(request);
    for (const auto& [name, value] : fields) EXPECT_TRUE(head.add(name, value));
    head.finish();
    std::string out = std::to_string(head.refusal()) + " " + head.reason() + " " + request.method +
                      " " + request.host + " " + request.target() + " " +
                      std::to_string(head.content_length().value_or(99)) +
                      (head.expects_continue() ? " expects" : "") +
                      (head.has_priority() ? " priority" : "");
    for (const Field& field : request.headers) out += "\n" + field.name + ": " + field.value;
    return out;
  };
  const auto fresh = [&](const Fields& fields) {
    RequestHead head{SessionLimits{}};
    return told(head, fields);
  };
  RequestHead kept{SessionLimits{}};
  for (const Fields& first : heads) {
    for (const Fields& second : heads) {
      EXPECT_EQ(told(kept, first), fresh(first));
      EXPECT_EQ(told(kept, second), fresh(second));
    }
  }
}

}  // namespace
}  // namespace sluice::http::h2
