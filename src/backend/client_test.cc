// SPDX-License-Identifier: Apache-2.0
#include "backend/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/scripted_server.h"
#include "loop/run_to_completion.h"

namespace sluice::backend {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr auto kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello";

Task<void> answer_all(Peer& peer) {
  while (true) {
    const std::string head = co_await peer.head();
    if (head.empty()) co_return;
    co_await peer.send(kHello);
  }
}
Task<void> answer_once_then_close(Peer& peer) {
  co_await peer.head();
  co_await peer.send(kHello);
  co_await peer.head();
}
Task<void> close_at_once(Peer& peer) { co_await peer.head(); }

// Gives `chunks` one after the other, then the end or an error.
class Chunks final : public http::BodyReader {
 public:
  Chunks(std::vector<std::string> chunks, std::optional<Error> error)
      : chunks_(std::move(chunks)), error_(std::move(error)) {}
  Task<Result<std::string_view>> read() override {
    if (next_ < chunks_.size()) co_return chunks_[next_++];
    if (error_) co_return std::unexpected(*error_);
    co_return std::string_view();
  }

 private:
  std::vector<std::string> chunks_;
  std::optional<Error> error_;
  std::size_t next_ = 0;
};

class ClientTest : public testing::Test {
 protected:
  void serve(std::vector<ScriptedServer::Script> scripts) {
    server_ = std::make_unique<ScriptedServer>(loop_, std::move(scripts));
    servers_ = {*parse_server_url(server_->url())};
    client_ = std::make_unique<Client>(loop_, servers_, PoolLimits{});
    request_.method = "GET";
    request_.host = "shop";
    request_.escaped_path = "/a%3Fb";
  }
  Outcome<void> exchange() {
    return loop::run_to_completion(loop_, client_->exchange(call_, request_, response_));
  }
  std::string outcome() {
    const auto result = exchange();
    if (result) return std::to_string(response_.status) + " " + std::string(response_.body.bytes());
    return std::to_string(static_cast<int>(result.error().stage)) + " " + result.error().error.message;
  }
  void pause(Duration duration) {
    loop::run_to_completion(loop_, [](loop::EventLoop& loop, Duration d) -> Task<void> {
      co_await loop.sleep_for(d);
    }(loop_, duration));
  }
  Result<void> buffer_response() {
    return loop::run_to_completion(loop_, response_.body.buffer(1 << 30));
  }

  loop::EventLoop loop_;
  std::vector<Server> servers_;
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<Client> client_;
  http::Request request_;
  http::Response response_;
  Call call_;
};

TEST_F(ClientTest, KeepsTheConnection) {
  serve({answer_all});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(response_.headers.get("x-a"), "b");
  EXPECT_EQ(server_->connections(), 1U);
  EXPECT_EQ(client_->idle(), 1U);
}

TEST_F(ClientTest, SendsTheEscapedPathAndTheHostItIsTold) {
  serve({[](Peer& peer) -> Task<void> {
    const std::string head = co_await peer.head();
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(head.size()) + "\r\n\r\n" + head);
  }});
  servers_[0].path = "/base";
  call_.host = "backend:81";
  request_.query = "q=1";
  request_.has_query = true;
  const std::string seen = outcome();
  EXPECT_THAT(seen, StartsWith("200 GET /base/a%3Fb?q=1 HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("Host: backend:81\r\n"));
  EXPECT_EQ(request_.host, "shop");
  EXPECT_EQ(request_.escaped_path, "/a%3Fb");
}

TEST_F(ClientTest, RefusedConnection) {
  serve({answer_all});
  server_ = nullptr;
  pause(milliseconds(5));
  EXPECT_THAT(outcome(), HasSubstr("Connection refused"));
}

TEST_F(ClientTest, CloseBeforeTheResponse) {
  serve({close_at_once});
  EXPECT_EQ(outcome(), "2 connection closed before the response");
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(ClientTest, Garbage) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.send("SSH-2.0-OpenSSH_9.2\r\n");
    co_await peer.head();
  }});
  EXPECT_EQ(outcome(), "2 not an HTTP/1 response");
}

TEST_F(ClientTest, StallEndsAtTheDeadline) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.head();
  }});
  call_.deadline = Clock::now() + milliseconds(30);
  const auto result = exchange();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error.kind, ErrorKind::timed_out);
}

TEST_F(ClientTest, StallInTheBodyEndsAtTheDeadline) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
    co_await peer.head();
  }});
  call_.deadline = Clock::now() + milliseconds(30);
  const auto result = exchange();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().stage, Stage::body);
  EXPECT_EQ(result.error().error.kind, ErrorKind::timed_out);
}

TEST_F(ClientTest, ByteByByteChunkedAfterContinue) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.send_slowly(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n");
    co_await answer_all(peer);
  }});
  EXPECT_EQ(outcome(), "201 hello world");
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(ClientTest, BodyUntilClose) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.send("HTTP/1.0 200 OK\r\n\r\nold school");
  }});
  EXPECT_EQ(outcome(), "200 old school");
  EXPECT_EQ(client_->idle(), 0U);
}

TEST_F(ClientTest, BodyBreaksOff) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
  }});
  EXPECT_EQ(outcome(), "3 response broke off");
}

TEST_F(ClientTest, BodyOverTheLimit) {
  serve({answer_all, [](Peer& peer) -> Task<void> {
           co_await peer.head();
           co_await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
           co_await peer.head();
         }});
  call_.body_bytes_max = 4;
  EXPECT_EQ(outcome(), "3 response body has more than 4 bytes");
  EXPECT_EQ(outcome(), "3 response body has more than 4 bytes");
  EXPECT_EQ(client_->idle(), 0U);
}

TEST_F(ClientTest, HeadHasTheLengthButNoBody) {
  serve({[](Peer& peer) -> Task<void> {
    for (int i = 0; i < 2; ++i) {
      co_await peer.head();
      co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 7000000\r\n\r\n");
    }
    co_await peer.head();
  }});
  request_.method = "HEAD";
  EXPECT_EQ(outcome(), "200 ");
  EXPECT_EQ(response_.body.length(), 7'000'000U);
  EXPECT_EQ(outcome(), "200 ");
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(ClientTest, DeadKeptConnectionIsReplacedOnce) {
  // The second request is read, so the close is not seen before it is sent.
  serve({answer_once_then_close, answer_once_then_close, answer_all});
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(server_->connections(), 2U);
}

TEST_F(ClientTest, PostIsNotRepeated) {
  serve({answer_once_then_close, answer_all});
  EXPECT_EQ(outcome(), "200 hello");
  request_.method = "POST";
  EXPECT_EQ(outcome(), "2 connection closed before the response");
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(ClientTest, HalfAResponseIsNotRepeated) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.send(kHello);
    co_await peer.head();
    co_await peer.send("HTTP/1.1 20");
  }});
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(outcome(), "2 connection closed before the response");
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(ClientTest, IdleConnectionsThatCloseOrSpeakAreDropped) {
  serve({[](Peer& peer) -> Task<void> {
           co_await peer.head();
           co_await peer.send(kHello);
         },
         [](Peer& peer) -> Task<void> {
           co_await peer.head();
           co_await peer.send(kHello);
           co_await peer.loop.sleep_for(milliseconds(5));
           co_await peer.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
           co_await peer.head();
         },
         answer_all});
  request_.method = "POST";
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome(), "200 hello");
    pause(milliseconds(20));
  }
  EXPECT_EQ(server_->connections(), 3U);
}

TEST_F(ClientTest, UnaskedBytesAfterAResponseEndTheConnection) {
  serve({[](Peer& peer) -> Task<void> {
           co_await peer.head();
           co_await peer.send(std::string(kHello) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
           co_await peer.head();
         },
         answer_all});
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(server_->connections(), 2U);
}

TEST_F(ClientTest, LargeWholeBodyAndItsEcho) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::string body = co_await peer.read_until("END");
    co_await peer.send("3\r\n" + body.substr(body.size() - 3) + "\r\n0\r\n\r\n");
    co_await answer_all(peer);
  }});
  request_.method = "PUT";
  request_.body.assign(std::string(3 << 20, 'x') + "END");
  EXPECT_EQ(outcome(), "200 END");
  EXPECT_EQ(client_->idle(), 1U);
}

TEST_F(ClientTest, EarlyAnswerToALargeBody) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
    co_await peer.loop.sleep_for(milliseconds(50));
  }});
  request_.method = "PUT";
  request_.body.assign(std::string(16 << 20, 'x'));
  EXPECT_EQ(outcome(), "413 no");
  EXPECT_EQ(client_->idle(), 0U);
}

TEST_F(ClientTest, StreamedRequestBodies) {
  serve({[](Peer& peer) -> Task<void> {
    const std::string head = co_await peer.head();
    const bool chunked = head.contains("Transfer-Encoding: chunked");
    const std::string body = co_await peer.read_until(chunked ? "0\r\n\r\n" : "end");
    co_await peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body);
  }});
  request_.method = "POST";
  request_.body = http::Body(std::make_unique<Chunks>(std::vector<std::string>{"one", "two"}, std::nullopt), std::nullopt);
  EXPECT_EQ(outcome(), "200 3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
  request_.body = http::Body(std::make_unique<Chunks>(std::vector<std::string>{"the ", "end"}, std::nullopt), 7);
  EXPECT_EQ(outcome(), "200 the end");
}

TEST_F(ClientTest, ClientThatLeavesItsBodyUnfinished) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.read_until("never");
  }});
  request_.method = "POST";
  request_.body = http::Body(
      std::make_unique<Chunks>(std::vector<std::string>{"x"}, Error{ErrorKind::closed, "client left", {}}), 7);
  EXPECT_EQ(outcome(), "1 client left");
  request_.body = http::Body(std::make_unique<Chunks>(std::vector<std::string>{"x"}, std::nullopt), 7);
  EXPECT_EQ(outcome(), "1 request body broke off");
}

TEST_F(ClientTest, StreamedResponseHandsItsConnectionBack) {
  serve({answer_all});
  call_.body_bytes_max = -1;
  ASSERT_TRUE(exchange());
  EXPECT_TRUE(response_.body.is_stream());
  EXPECT_EQ(response_.body.length(), 5U);
  EXPECT_EQ(client_->idle(), 0U);
  ASSERT_TRUE(buffer_response());
  EXPECT_EQ(response_.body.bytes(), "hello");
  EXPECT_EQ(client_->idle(), 1U);
}

TEST_F(ClientTest, DroppedStreamClosesItsConnection) {
  serve({answer_all});
  call_.body_bytes_max = -1;
  ASSERT_TRUE(exchange());
  response_.body.clear();
  EXPECT_EQ(client_->idle(), 0U);
  ASSERT_TRUE(exchange());
  EXPECT_EQ(server_->connections(), 2U);
}

TEST_F(ClientTest, StreamMayOutliveTheClient) {
  serve({answer_all});
  call_.body_bytes_max = -1;
  ASSERT_TRUE(exchange());
  client_ = nullptr;
  ASSERT_TRUE(buffer_response());
  EXPECT_EQ(response_.body.bytes(), "hello");
}

TEST_F(ClientTest, AbandonedExchangeLeavesNothingBehind) {
  serve({answer_all});
  {
    auto task = client_->exchange(call_, request_, response_);
    task.start();
  }
  pause(milliseconds(5));
  EXPECT_EQ(client_->idle(), 0U);
  EXPECT_EQ(outcome(), "200 hello");
}

TEST_F(ClientTest, SwitchingProtocolsIsNoResponse) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    co_await peer.head();
  }});
  EXPECT_EQ(outcome(), "2 protocol switched without being asked to");
}

TEST_F(ClientTest, IdleConnectionsGrowOld) {
  serve({answer_all});
  client_ = std::make_unique<Client>(loop_, servers_, PoolLimits{.idle_for_max = milliseconds(20)});
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(client_->idle(), 1U);
  pause(milliseconds(60));
  EXPECT_EQ(client_->idle(), 0U);
}

TEST_F(ClientTest, NamesAreLookedUp) {
  serve({answer_all});
  servers_[0].host = "localhost";
  EXPECT_EQ(outcome(), "200 hello");
  servers_[0].host = "no-such-host.invalid";
  client_ = std::make_unique<Client>(loop_, servers_, PoolLimits{});
  EXPECT_THAT(outcome(), StartsWith("0 cannot look up no-such-host.invalid: "));
}

}  // namespace
}  // namespace sluice::backend
