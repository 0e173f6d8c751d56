// SPDX-License-Identifier: Apache-2.0
// The messages between members: what one encodes, the other decodes, and nothing else.
#include "filters/wasm_host/handover/message.h"

#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

http::Request some_request() {
  http::Request request;
  request.version = http::Version::http2;
  request.method = "POST";
  request.scheme = "https";
  request.host = "shop.example";
  EXPECT_TRUE(request.set_target("/a%20b?x=1"));
  request.headers.add("Cookie", "a=1");
  request.body.assign("body");
  return request;
}

HandedHead some_head() {
  return {.ns = "shop/wasm",
          .id = {store::RandomId::make(), 7},
          .lane = 3,
          .floor = 5,
          .fence = 41,
          .remaining = std::chrono::microseconds(99'001),
          .known = true,
          .tags = 2,
          .real_ip = "10.1.2.3"};
}

std::string some_message(CarriedBody body = CarriedBody::whole) {
  const http::Request request = some_request();
  http::Response response;
  response.status = 201;
  response.headers.add("X-A", "b");
  return HandedExchange::encode(some_head(), &request, body, response, CarriedBody::stream);
}

TEST(Message, AnExchangeArrivesAsItLeft) {
  const HandedHead head = some_head();
  const http::Request request = some_request();
  http::Response response;
  response.status = 201;
  response.headers.add("X-A", "b");
  const auto got = HandedExchange::decode(
      HandedExchange::encode(head, &request, CarriedBody::whole, response, CarriedBody::withheld));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->head.ns, head.ns);
  EXPECT_EQ(got->head.id, head.id);
  EXPECT_EQ(got->head.lane, head.lane);
  EXPECT_EQ(got->head.floor, head.floor);
  EXPECT_EQ(got->head.fence, head.fence);
  EXPECT_EQ(got->head.remaining, head.remaining);
  EXPECT_TRUE(got->head.known);
  EXPECT_EQ(got->head.tags, 2U);
  EXPECT_EQ(got->head.real_ip, head.real_ip);
  ASSERT_TRUE(got->has_request);
  EXPECT_EQ(got->request.version, request.version);
  EXPECT_EQ(got->request.method, "POST");
  EXPECT_EQ(got->request.host, request.host);
  EXPECT_EQ(got->request.target(), "/a%20b?x=1");
  EXPECT_EQ(got->request.path, "/a b");
  EXPECT_EQ(got->request.headers.get("cookie"), "a=1");
  EXPECT_EQ(got->request.body.bytes(), "body");
  EXPECT_EQ(got->response.status, 201);
  EXPECT_EQ(got->response.headers.get("x-a"), "b");
  EXPECT_EQ(got->response_body, CarriedBody::withheld);
}

TEST(Message, ABodyThatStaysBehindIsNotSent) {
  const auto got = HandedExchange::decode(some_message(CarriedBody::withheld));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->request_body, CarriedBody::withheld);
  EXPECT_EQ(got->request.body.bytes(), "");
}

TEST(Message, NoPartOfAMessageIsAMessage) {
  const std::string whole = some_message();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(HandedExchange::decode(whole.substr(0, size))) << size;
  EXPECT_FALSE(HandedExchange::decode(whole + "x"));
  HandedAnswer answer;
  answer.kind = HandedAnswer::Kind::done;
  answer.tags = {"a"};
  const std::string bytes = answer.encode();
  ASSERT_TRUE(HandedAnswer::decode(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(HandedAnswer::decode(bytes.substr(0, size))) << size;
}

// What the member puts into its own request and response must not break them.
TEST(Message, PartsThatNoMessageCanHaveAreRefused) {
  const auto refused = [](auto change) {
    http::Request request = some_request();
    http::Response response;
    change(request, response);
    HandedAnswer answer;
    answer.kind = HandedAnswer::Kind::done;
    answer.request_head = std::move(request);
    answer.response_head.emplace().status = response.status;
    answer.response_head->headers = response.headers;
    return !HandedAnswer::decode(answer.encode());
  };
  EXPECT_FALSE(refused([](auto&, auto&) {}));
  EXPECT_TRUE(refused([](auto& request, auto&) { request.method = "GET /"; }));
  EXPECT_TRUE(refused([](auto& request, auto&) { request.host = "a\r\nb"; }));
  EXPECT_TRUE(refused([](auto& request, auto&) { request.escaped_path = "/ HTTP/1.1"; }));
  EXPECT_TRUE(refused([](auto& request, auto&) { request.query = "a\n"; }));
  EXPECT_TRUE(refused([](auto& request, auto&) { request.headers.add("a b", ""); }));
  EXPECT_TRUE(refused([](auto& request, auto&) { request.headers.add("a", "b\r\nc: d"); }));
  EXPECT_TRUE(refused([](auto&, auto& response) { response.status = 99; }));
  EXPECT_TRUE(refused([](auto&, auto& response) { response.status = 600; }));
}

TEST(Message, ALengthBeyondTheEndAllocatesNothing) {
  std::string bytes = some_message();
  bytes[1] = bytes[2] = bytes[3] = '\xff';  // the length of the namespace
  bytes[4] = '\x7f';
  EXPECT_FALSE(HandedExchange::decode(bytes));
}

TEST(Message, AnswersOfEachKind) {
  HandedAnswer failed;
  failed.kind = HandedAnswer::Kind::failed;
  failed.out_of_guests = failed.retry_after = failed.limit_reached = true;
  failed.text = "why";
  const auto got_failed = HandedAnswer::decode(failed.encode());
  ASSERT_TRUE(got_failed);
  EXPECT_TRUE(got_failed->out_of_guests && got_failed->retry_after && got_failed->limit_reached);
  EXPECT_EQ(got_failed->text, "why");

  HandedAnswer refused = HandedAnswer::refused_for(HandedAnswer::Refusal::wrong_fence);
  refused.owner_fence = 9;
  refused.owner = "a:1";
  const auto got_refused = HandedAnswer::decode(refused.encode());
  ASSERT_TRUE(got_refused);
  EXPECT_EQ(got_refused->refusal, HandedAnswer::Refusal::wrong_fence);
  EXPECT_EQ(got_refused->owner_fence, 9U);
  EXPECT_EQ(got_refused->owner, "a:1");

  HandedAnswer done;
  done.kind = HandedAnswer::Kind::done;
  done.result = 9;
  done.request_body = "";
  done.response_body = "r";
  done.tags = {"", "t"};
  const auto got_done = HandedAnswer::decode(done.encode());
  ASSERT_TRUE(got_done);
  EXPECT_EQ(got_done->result, 9);
  EXPECT_FALSE(got_done->request_head.has_value());
  EXPECT_EQ(got_done->request_body, "");
  EXPECT_EQ(got_done->response_body, "r");
  EXPECT_EQ(got_done->tags, done.tags);
  done.result = 10;
  EXPECT_FALSE(HandedAnswer::decode(done.encode())) << "no guest returns that";
}

}  // namespace
}  // namespace sluice::filters
