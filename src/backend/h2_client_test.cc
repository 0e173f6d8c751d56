// SPDX-License-Identifier: Apache-2.0
// Covers: h2_channel.cc, h2_connection.cc, h2_server.cc
// A Client and HTTP/2 servers: H2Connection and H2Channel, frame by frame.
#include <gtest/gtest.h>

#include "backend/testing/client_fixture.h"
#include "http/h2/testing/test_peer.h"
#include "loop/testing/settle.h"

namespace sluice::backend {
namespace {

using http::h2::frame;
using http::h2::FrameType;
using http::h2::literal;
using http::h2::StreamId;

constexpr std::uint8_t kEndStream = http::h2::kFlagEndStream;
constexpr std::uint8_t kEndHeaders = http::h2::kFlagEndHeaders;

struct Frame {
  int type = -1;  // -1: the client has closed
  std::uint8_t flags = 0;
  StreamId stream = 0;
  std::string payload;
};

Task<void> greet(Peer& peer) {
  (void)co_await peer.read_exactly(http::h2::kPreface.size());
  co_await peer.send(frame(FrameType::settings, 0, 0, ""));
}

Task<Frame> read_frame(Peer& peer) {
  Frame out;
  const std::string head = co_await peer.read_exactly(9);
  if (head.empty()) co_return out;
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(head[i]); };
  const std::size_t size = std::size_t{at(0)} << 16 | std::size_t{at(1)} << 8 | at(2);
  out.type = at(3);
  out.flags = at(4);
  out.stream = at(7) << 8 | at(8);
  if (size > 0) out.payload = co_await peer.read_exactly(size);
  co_return out;
}

struct Got {
  StreamId stream = 0;  // 0: the client has closed
  std::string body;
  bool trailers = false;
};

// The next request, once it is complete.
Task<Got> read_request(Peer& peer) {
  Got got;
  while (true) {
    const Frame next = co_await read_frame(peer);
    if (next.type < 0) {
      got.stream = 0;
      co_return got;
    }
    const bool head = next.type == static_cast<int>(FrameType::headers);
    const bool data = next.type == static_cast<int>(FrameType::data);
    if (!head && !data) continue;
    if (head && got.stream != next.stream) got.body.clear();  // the previous request was cancelled
    if (head) got.trailers = got.stream == next.stream;
    if (data) got.body += next.payload;
    got.stream = next.stream;
    if ((next.flags & kEndStream) != 0) co_return got;
  }
}

std::string answer(StreamId stream, std::string_view body) {
  return frame(FrameType::headers, kEndHeaders, stream, literal(":status", "200")) +
         frame(FrameType::data, kEndStream, stream, body);
}

std::string code(std::uint32_t number) { return {'\0', '\0', '\0', static_cast<char>(number)}; }

// Answers every request with its body, or "hello".
Task<void> serve_all(Peer& peer) {
  co_await greet(peer);
  while (true) {
    Got got = co_await read_request(peer);
    if (got.stream == 0) co_return;
    if (got.body.empty()) got.body = "hello";
    co_await peer.send(answer(got.stream, got.body));
  }
}

Task<void> serve_one_then_close_at_the_next(Peer& peer) {
  co_await greet(peer);
  const Got got = co_await read_request(peer);
  co_await peer.send(answer(got.stream, "hello"));
  (void)co_await read_request(peer);
}

class H2ClientTest : public ClientFixture {
 protected:
  void serve_h2(std::vector<ScriptedServer::Script> scripts, const ClientOptions& options = {}) {
    serve(std::move(scripts));
    server_entry_.http2 = true;
    make_client(options);
  }
};

class Pieces final : public http::BodyReader {
 public:
  explicit Pieces(std::vector<std::string> pieces, bool breaks = false)
      : pieces_(std::move(pieces)), breaks_(breaks) {}
  Task<Result<std::string_view>> read() override {
    if (next_ < pieces_.size()) co_return std::string_view(pieces_[next_++]);
    if (breaks_) co_return fail(ErrorKind::timed_out, "too slow");
    co_return std::string_view();
  }
  std::unique_ptr<http::Headers> take_trailers() override { return std::move(trailers); }

  std::unique_ptr<http::Headers> trailers;

 private:
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
  bool breaks_;
};

TEST_F(H2ClientTest, ExchangesShareAConnection) {
  serve_h2({serve_all});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(H2ClientTest, BodiesBothWays) {
  serve_h2({serve_all});
  request_.method = "POST";
  request_.body.assign("whole");
  EXPECT_EQ(outcome(), "200 whole");
  request_.body =
      http::Body(std::make_unique<Pieces>(std::vector<std::string>{"a", "bc"}), std::nullopt);
  EXPECT_EQ(outcome(), "200 abc");
}

TEST_F(H2ClientTest, AStreamedResponseWithTrailers) {
  serve_h2({[](Peer& peer) -> Task<void> {
    co_await greet(peer);
    const Got got = co_await read_request(peer);
    co_await peer.send(
        frame(FrameType::headers, kEndHeaders, got.stream, literal(":status", "200")) +
        frame(FrameType::data, 0, got.stream, "one"));
    co_await peer.send(
        frame(FrameType::data, 0, got.stream, "two") +
        frame(FrameType::headers, kEndHeaders | kEndStream, got.stream, literal("x-sum", "1")));
    (void)co_await read_request(peer);
  }});
  call_.body_bytes_max = -1;
  ASSERT_TRUE(exchange());
  ASSERT_TRUE(response_.body.is_stream());
  ASSERT_TRUE(buffer_response());
  EXPECT_EQ(response_.body.bytes(), "onetwo");
  ASSERT_NE(response_.body.trailers(), nullptr);
  EXPECT_EQ(response_.body.trailers()->get("x-sum"), "1");
}

TEST_F(H2ClientTest, TrailersOfRequests) {
  bool came = false;
  serve_h2({[&came](Peer& peer) -> Task<void> {
    co_await greet(peer);
    const Got got = co_await read_request(peer);
    came = got.trailers;
    co_await peer.send(answer(got.stream, got.body));
    (void)co_await read_request(peer);
  }});
  auto pieces = std::make_unique<Pieces>(std::vector<std::string>{"abc"});
  pieces->trailers = std::make_unique<http::Headers>();
  pieces->trailers->add("X-Sum", "1");
  request_.method = "POST";
  request_.body = http::Body(std::move(pieces), std::nullopt);
  EXPECT_EQ(outcome(), "200 abc");
  EXPECT_TRUE(came);
}

// RFC 9113 section 8.7 and RFC 9110 section 9.2.2.
TEST_F(H2ClientTest, AKeptConnectionThatEndsIsReplaced) {
  serve_h2({serve_one_then_close_at_the_next, serve_all});
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(server_->connections(), 2U);
}

TEST_F(H2ClientTest, WhatMayHaveBeenActedUponIsNotRepeated) {
  serve_h2({serve_one_then_close_at_the_next, serve_all});
  request_.method = "POST";
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(outcome(), "2 connection closed by the backend");
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(H2ClientTest, AFreshConnectionThatEndsIsNotReplaced) {
  serve_h2({[](Peer& peer) -> Task<void> {
              co_await greet(peer);
              (void)co_await read_request(peer);
            },
            serve_all});
  EXPECT_EQ(outcome(), "2 connection closed by the backend");
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(H2ClientTest, RepeatsOnceOnly) {
  serve_h2({serve_one_then_close_at_the_next, [](Peer& peer) -> Task<void> {
              co_await greet(peer);
              (void)co_await read_request(peer);
            }});
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(outcome(), "2 connection closed by the backend");
  EXPECT_EQ(server_->connections(), 2U);
}

TEST_F(H2ClientTest, GoawayForTheRequestSendsItElsewhere) {
  serve_h2({[](Peer& peer) -> Task<void> {
              co_await greet(peer);
              (void)co_await read_request(peer);
              co_await peer.send(frame(FrameType::goaway, 0, 0, code(0) + code(0)));
              (void)co_await read_request(peer);
            },
            serve_all});
  request_.method = "POST";
  request_.body.assign("again");
  EXPECT_EQ(outcome(), "200 again");
  EXPECT_EQ(server_->connections(), 2U);
}

TEST_F(H2ClientTest, RefusedStreamsAreTriedAgainABit) {
  int requests = 0;
  serve_h2({[&requests](Peer& peer) -> Task<void> {
    co_await greet(peer);
    while (true) {
      const Got got = co_await read_request(peer);
      if (got.stream == 0) co_return;
      ++requests;
      co_await peer.send(frame(FrameType::rst_stream, 0, got.stream, code(7)));
    }
  }});
  request_.method = "POST";
  EXPECT_EQ(outcome(), "6 the backend ended the stream with code 7");
  EXPECT_EQ(requests, 4);
}

TEST_F(H2ClientTest, ADeadlineEndsTheStreamOnly) {
  serve_h2({[](Peer& peer) -> Task<void> {
    co_await greet(peer);
    const Got first = co_await read_request(peer);
    co_await peer.send(answer(first.stream, "hello"));
    (void)co_await read_request(peer);  // stays unanswered
    // A sign of life, so the connection is not given up.
    co_await peer.send(frame(FrameType::ping, 0, 0, "12345678"));
    const Got last = co_await read_request(peer);
    co_await peer.send(answer(last.stream, "after"));
    (void)co_await read_request(peer);
  }});
  EXPECT_EQ(outcome(), "200 hello");
  call_.deadline = loop::EventLoop::now() + std::chrono::milliseconds(200);
  EXPECT_EQ(outcome(), "2 took too long");
  call_.deadline = TimePoint::max();
  EXPECT_EQ(outcome(), "200 after");
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(H2ClientTest, AClientThatBreaksItsBodyIsToBlame) {
  serve_h2({serve_all});
  request_.method = "POST";
  request_.body =
      http::Body(std::make_unique<Pieces>(std::vector<std::string>{"a"}, true), std::nullopt);
  EXPECT_EQ(outcome(), "1 too slow");
  request_.body.clear();
  request_.method = "GET";
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(H2ClientTest, ResponsesAreBounded) {
  serve_h2({serve_all});
  call_.body_bytes_max = 4;
  EXPECT_EQ(outcome(), "3 response body has more than 4 bytes");
  call_.body_bytes_max = 5;
  EXPECT_EQ(outcome(), "200 hello");
}

TEST_F(H2ClientTest, GarbageIsNoResponse) {
  serve_h2({[](Peer& peer) -> Task<void> {
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    (void)co_await peer.read_until("never");
  }});
  const auto result = exchange();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().stage, Stage::head);
}

TEST_F(H2ClientTest, IdleConnectionsAreClosed) {
  bool closed = false;
  ClientOptions options;
  options.idle.for_max = std::chrono::milliseconds(20);
  serve_h2({[&closed](Peer& peer) -> Task<void> {
             co_await serve_all(peer);
             closed = true;
           }},
           options);
  EXPECT_EQ(outcome(), "200 hello");
  for (int i = 0; i < 500 && !closed; ++i) pause(std::chrono::milliseconds(10));
  EXPECT_TRUE(closed);
  EXPECT_EQ(state_->gate->open(), 0U);
}

// The server allows one stream, begins each response, and ends none.
Task<void> serve_endless(Peer& peer, int& cancelled) {
  (void)co_await peer.read_exactly(http::h2::kPreface.size());
  co_await peer.send(frame(FrameType::settings, 0, 0, std::string("\0\3\0\0\0\1", 6)));
  while (true) {
    const Frame next = co_await read_frame(peer);
    if (next.type < 0) co_return;
    if (next.type == static_cast<int>(FrameType::rst_stream)) ++cancelled;
    if (next.type != static_cast<int>(FrameType::headers)) continue;
    co_await peer.send(
        frame(FrameType::headers, kEndHeaders, next.stream, literal(":status", "200")) +
        frame(FrameType::data, 0, next.stream, "some"));
  }
}

TEST_F(H2ClientTest, AResponseThatNobodyWantsIsCancelledAndItsPlaceIsForTheNext) {
  int cancelled = 0;
  serve_h2({[&cancelled](Peer& peer) { return serve_endless(peer, cancelled); }});
  state_->gate->set_limits(1, 10);
  call_.body_bytes_max = -1;
  ASSERT_TRUE(exchange());
  for (int round = 1; round < 3; ++round) {
    http::Request request;
    request.method = "GET";
    http::Response response;
    Task<Outcome<void>> next = client_->exchange(call_, request, response);
    next.start();
    while (state_->gate->queued() == 0) loop::testing::settle(loop_);
    response_.body.clear();
    while (!next.done()) loop::testing::settle(loop_);
    EXPECT_TRUE(next.take()) << "it need not wait for anything else";
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(cancelled, round);
    response_ = std::move(response);
  }
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(H2ClientTest, ABusyConnectionIsNotIdle) {
  const ScriptedServer::Script late = [](Peer& peer) -> Task<void> {
    co_await greet(peer);
    while (true) {
      const Got got = co_await read_request(peer);
      if (got.stream == 0) co_return;
      co_await peer.loop.sleep_for(std::chrono::milliseconds(60));
      co_await peer.send(answer(got.stream, "late"));
    }
  };
  ClientOptions options;
  options.idle.for_max = std::chrono::milliseconds(20);
  serve_h2({late}, options);
  request_.method = "POST";  // is not repeated
  EXPECT_EQ(outcome(), "200 late");
  EXPECT_EQ(outcome(), "200 late");
}

// The other core shares the loop of the first.
TEST_F(H2ClientTest, AConnectionThatAnotherCoreWaitsForIsNotKept) {
  serve_h2({serve_all});
  state_ = std::make_shared<ServerState>(2);
  make_client();
  state_->gate->set_limits(1, 10);
  const loop::Core other{loop_, 1, 2};
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(state_->gate->open(), 1U);
  std::optional<ConnectionGate::QueueEntry> place(std::in_place, *state_->gate, other);
  loop::testing::settle(loop_);
  EXPECT_EQ(state_->gate->open(), 0U) << "it was idle";
  EXPECT_EQ(outcome(), "200 hello");
  loop::testing::settle(loop_);
  EXPECT_EQ(state_->gate->open(), 0U) << "it became idle";
}

TEST(H2Server, AWaiterFailsOnceAllSetUpsHave) {
  loop::EventLoop loop;
  const auto server = std::make_shared<H2Server>(loop, H2Server::Speaks::http2);
  const Failure failure{Stage::connect, {ErrorKind::closed, "refused"}};
  for (const bool second_fails : {false, true}) {
    std::optional<H2Server::SetUp> first(server);
    std::optional<H2Server::SetUp> second(server);
    Task<Outcome<void>> waiting = server->wait(TimePoint::max());
    waiting.start();
    first->fail(failure);
    loop::testing::settle(loop);
    EXPECT_FALSE(waiting.done()) << "the other one is still coming";
    if (second_fails) second->fail(failure);
    second.reset();
    loop::testing::settle(loop);
    ASSERT_TRUE(waiting.done());
    EXPECT_EQ(waiting.take().has_value(), !second_fails);
    EXPECT_FALSE(server->has_room());
  }
}

// The server accepts connections and is silent in the handshake.
TEST_F(H2ClientTest, TheDeadlineOfOneRequestIsNotThatOfTheNext) {
  serve({[](Peer& peer) -> Task<void> { co_await peer.read_until("never"); }});
  server_entry_.secure = true;
  net::TlsClientOptions tls;
  tls.verify = false;
  ClientOptions options;
  options.connector.tls = *net::TlsClientContext::create(tls);
  make_client(options);
  Call hurried = call_;
  hurried.deadline = Clock::now() + std::chrono::milliseconds(20);
  http::Request request;
  request.method = "GET";
  http::Response response;
  Task<Outcome<void>> first = client_->exchange(hurried, request, response);
  first.start();
  Task<Outcome<void>> second = client_->exchange(call_, request_, response_);
  second.start();
  while (!second.done() && server_->connections() < 2) loop::testing::settle(loop_);
  EXPECT_FALSE(second.done());
  ASSERT_TRUE(first.done());
  EXPECT_FALSE(first.take());
}

}  // namespace
}  // namespace sluice::backend
