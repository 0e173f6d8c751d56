// SPDX-License-Identifier: Apache-2.0
#include "filters/remote_filter/message.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/json.h"

namespace sluice::filters {
namespace {

http::Request make_request() {
  http::Request request;
  request.method = "POST";
  request.scheme = "https";
  request.host = "shop.example";
  EXPECT_TRUE(request.set_target("/a%20b?c=1"));
  request.headers.add("x-list", "1");
  request.headers.add("X-List", "2");
  request.headers.add("Content-Length", "3");
  request.body.assign("abc");
  return request;
}

TEST(RemoteMessage, HoldsTheExchange) {
  const http::Request request = make_request();
  const Json json = Json::parse(to_remote(request, "10.0.0.1", nullptr).value());
  EXPECT_EQ(json["request"]["realIP"], "10.0.0.1");
  EXPECT_EQ(json["request"]["method"], "POST");
  EXPECT_EQ(json["request"]["scheme"], "https");
  EXPECT_EQ(json["request"]["path"], "/a b");
  EXPECT_EQ(json["request"]["query"], "c=1");
  EXPECT_EQ(json["request"]["proto"], "HTTP/1.1");
  EXPECT_EQ(json["request"]["header"]["X-List"], Json::array({"1", "2"}));
  EXPECT_EQ(json["request"]["body"], base64_encode("abc"));
  EXPECT_EQ(json["response"]["statusCode"], 200);
  http::Response response;
  response.status = 404;
  response.headers.add("X-A", "\xff");
  const Json with = Json::parse(to_remote(request, "", &response).value());
  EXPECT_EQ(with["response"]["statusCode"], 404);
  EXPECT_EQ(with["response"]["header"]["X-A"][0], "\xef\xbf\xbd");
}

TEST(RemoteMessage, HoldsNoLargeBody) {
  http::Request request = make_request();
  request.body.assign(std::string(kRemoteBodyBytesMax, 'x'));
  EXPECT_TRUE(to_remote(request, "", nullptr));
  request.body.assign(std::string(kRemoteBodyBytesMax + 1, 'x'));
  EXPECT_EQ(to_remote(request, "", nullptr).error().kind, ErrorKind::too_large);
}

TEST(RemoteMessage, ChangesWhatItNames) {
  http::Request request = make_request();
  auto reply = parse_remote(R"({"request": {"method": "PUT", "path": "/new é", "query": "",
    "header": {"X-New": ["1"], "Connection": ["x"]}, "body": "eHl6"}})");
  ASSERT_TRUE(reply && reply->request && !reply->response);
  apply(*std::move(reply->request), request);
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.target(), "/new%20%C3%A9");
  EXPECT_EQ(request.host, "shop.example");
  EXPECT_EQ(request.headers.get("X-New"), "1");
  EXPECT_FALSE(request.headers.contains("X-List") || request.headers.contains("Connection"));
  EXPECT_TRUE(request.headers.contains("Content-Length")) << "the framing stays";
  EXPECT_EQ(request.body.bytes(), "xyz");
  http::Response response;
  reply = parse_remote(R"({"request": null, "response": {"statusCode": 403, "body": "bm8="}})");
  ASSERT_TRUE(reply && reply->response);
  apply(*std::move(reply->response), response);
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body.bytes(), "no");
}

TEST(RemoteMessage, KeepsWhatIsTheSame) {
  http::Request request = make_request();
  auto reply = parse_remote(to_remote(request, "", nullptr).value());
  ASSERT_TRUE(reply && reply->request && reply->response);
  EXPECT_TRUE(reply->response->is_empty());
  apply(*std::move(reply->request), request);
  EXPECT_EQ(request.target(), "/a%20b?c=1") << "the spelling of the client";
}

TEST(RemoteMessage, RefusesWhatHttpForbids) {
  const char* const bad[] = {"",
                             "[]",
                             "{",
                             R"({"request": 1})",
                             R"({"response": []})",
                             R"({"request": {"method": "a b"}})",
                             R"({"request": {"host": "a/b"}})",
                             R"({"request": {"path": "a"}})",
                             R"({"request": {"path": "/../a"}})",
                             R"({"request": {"path": "/a\u0000"}})",
                             R"({"request": {"query": "a b"}})",
                             R"({"request": {"query": "a#b"}})",
                             R"({"request": {"header": {"a b": ["1"]}}})",
                             R"({"request": {"header": {"A": ["1\r\nB: 2"]}}})",
                             R"({"request": {"header": {"A": [" root"]}}})",
                             R"({"response": {"header": {"A": "root\t"}}})",
                             R"({"request": {"header": {"A": [1]}}})",
                             R"({"request": {"header": []}})",
                             R"({"request": {"body": "%"}})",
                             R"({"response": {"statusCode": 101}})",
                             R"({"response": {"statusCode": "200"}})",
                             R"({"response": {"statusCode": 600}})"};
  for (const char* text : bad) {
    const auto reply = parse_remote(text);
    EXPECT_FALSE(reply) << text;
  }
  std::string many = R"({"request": {"header": {"A": [)";
  for (int i = 0; i < 200; ++i) many += "\"1\",";
  EXPECT_FALSE(parse_remote(many + "\"1\"]}}}"));
}

}  // namespace
}  // namespace sluice::filters
