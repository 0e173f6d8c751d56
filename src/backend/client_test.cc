// SPDX-License-Identifier: Apache-2.0
// Covers: connector.cc, h1_connection.cc, idle_connections.cc
#include "backend/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/testing/client_fixture.h"
#include "loop/testing/settle.h"

namespace sluice::backend {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

class ClientTest : public ClientFixture {};

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
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(head.size()) +
                       "\r\n\r\n" + head);
  }});
  server_entry_.path = "/base";
  make_client();
  call_.host = "backend:81";
  request_.query = "q=1";
  request_.has_query = true;
  const std::string seen = outcome();
  EXPECT_THAT(seen, StartsWith("200 GET /base/a%3Fb?q=1 HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("Host: backend:81\r\n"));
  EXPECT_EQ(request_.host, "shop");
  EXPECT_EQ(request_.escaped_path, "/a%3Fb");
}

// nginx and others answer 400 to an empty Host.
TEST_F(ClientTest, ARequestWithoutAHostHasThatOfItsServer) {
  serve({[](Peer& peer) -> Task<void> {
    const std::string head = co_await peer.head();
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(head.size()) +
                       "\r\n\r\n" + head);
  }});
  server_entry_.authority = "backend:81";
  make_client();
  request_.host.clear();
  EXPECT_THAT(outcome(), HasSubstr("Host: backend:81\r\n"));
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

TEST_F(ClientTest, DeadKeptConnectionIsReplacedOnce) {
  // The backend reads the second request, so the close is not seen before that request is sent.
  serve({answer_once_then_close, answer_once_then_close, answer_all});
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(server_->connections(), 2U);
}

// Connections that were idle when one of them turned out dead may all be dead.
TEST_F(ClientTest, DeadKeptConnectionsAreNotTriedOneByOne) {
  int eaten = 0;
  const ScriptedServer::Script eat = [&eaten](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.send(kHello);
    const std::string head = co_await peer.head();
    if (!head.empty()) ++eaten;
  };
  serve({eat, eat, answer_all});
  http::Request early;
  early.method = "GET";
  http::Response response;
  Task<Outcome<void>> beside = client_->exchange(call_, early, response);
  beside.start();
  EXPECT_EQ(outcome(), "200 hello");
  while (!beside.done()) loop::testing::settle(loop_);
  EXPECT_EQ(client_->idle(), 2U);
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(eaten, 1);
  EXPECT_EQ(server_->connections(), 3U);
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
           co_await peer.send(std::string(kHello) +
                              "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
           co_await peer.head();
         },
         answer_all});
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(server_->connections(), 2U);
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
    co_await peer.send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    co_await peer.head();
  }});
  EXPECT_EQ(outcome(), "2 protocol switched without being asked to");
}

TEST_F(ClientTest, IdleConnectionsGrowOld) {
  serve({answer_all});
  ClientOptions options;
  options.idle.for_max = milliseconds(20);
  make_client(options);
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(client_->idle(), 1U);
  pause(milliseconds(60));
  EXPECT_EQ(client_->idle(), 0U);
}

TEST_F(ClientTest, AKeptConnectionHasNoDeadlineOfItsRequest) {
  serve({answer_all});
  call_.deadline = Clock::now() + milliseconds(500);
  EXPECT_EQ(outcome(), "200 hello");
  pause(call_.deadline + milliseconds(5) - Clock::now());
  EXPECT_EQ(client_->idle(), 1U);
  call_.deadline = TimePoint::max();
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(server_->connections(), 1U);
}

// Node.js announces its keep-alive time. A POST sent after that time would be lost.
TEST_F(ClientTest, ConnectionsAreKeptForAsLongAsTheBackendSays) {
  serve({[](Peer& peer) -> Task<void> {
    while (true) {
      const std::string head = co_await peer.head();
      if (head.empty()) co_return;
      co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nKeep-Alive: timeout=" +
                         std::string(head.contains("/none") ? "0" : "60") + "\r\n\r\nx");
    }
  }});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(outcome(), "200 x");
  EXPECT_EQ(server_->connections(), 1U);
  EXPECT_FALSE(response_.headers.contains("Connection"));
  request_.escaped_path = "/none";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(outcome(), "200 x");
  EXPECT_EQ(server_->connections(), 3U);
}

TEST_F(ClientTest, TheBackendSaysHowManyRequestsMore) {
  serve({[](Peer& peer) -> Task<void> {
    for (int left = 1; left >= 0; --left) {
      co_await peer.head();
      co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nKeep-Alive: max=" +
                         std::to_string(left) + "\r\n\r\nx");
    }
    co_await peer.head();
  }});
  request_.method = "POST";  // a third one on a connection would be lost
  for (int i = 0; i < 4; ++i) EXPECT_EQ(outcome(), "200 x");
  EXPECT_EQ(server_->connections(), 2U);
}

// 127.0.0.2 refuses the first connection. Later it would accept one, and say nothing.
TEST_F(ClientTest, AnAddressThatFailedIsTriedLast) {
  serve({answer_once_then_close});
  const std::uint16_t port = server_entry_.port;
  server_entry_.host = "nobody.invalid";
  server_entry_.has_ip_host = false;
  state_->addresses->tell({{"127.0.0.2", port}, {"127.0.0.1", port}},
                          loop::EventLoop::now() + std::chrono::hours(1));
  ClientOptions options;
  options.idle.max = 0;
  make_client(options);
  EXPECT_EQ(outcome(), "200 hello");
  const auto silent = net::Listener::open("127.0.0.2", port);
  ASSERT_TRUE(silent);
  call_.deadline = Clock::now() + std::chrono::seconds(10);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(outcome(), "200 hello");
}

TEST_F(ClientTest, NamesAreLookedUp) {
  serve({answer_all});
  server_entry_.host = "localhost";
  server_entry_.has_ip_host = false;
  make_client();
  EXPECT_EQ(outcome(), "200 hello");
  server_entry_.host = "no-such-host.invalid";
  state_ = std::make_shared<ServerState>(1);
  make_client();
  EXPECT_THAT(outcome(), StartsWith("0 cannot look up no-such-host.invalid: "));
}

}  // namespace
}  // namespace sluice::backend
