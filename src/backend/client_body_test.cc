// SPDX-License-Identifier: Apache-2.0
// Covers: response_body.cc
// Bodies of requests and responses, whole and streamed.
#include "backend/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/testing/client_fixture.h"
#include "base/memory_budget.h"

namespace sluice::backend {
namespace {

using std::chrono::milliseconds;

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

class ClientBodyTest : public ClientFixture {};

TEST_F(ClientBodyTest, ByteByByteChunkedAfterContinue) {
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

TEST_F(ClientBodyTest, BodyUntilClose) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.send("HTTP/1.0 200 OK\r\n\r\nold school");
  }});
  EXPECT_EQ(outcome(), "200 old school");
  EXPECT_EQ(client_->idle(), 0U);
}

TEST_F(ClientBodyTest, BodyBreaksOff) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
  }});
  EXPECT_EQ(outcome(), "3 response broke off");
}

TEST_F(ClientBodyTest, BodyOverTheLimit) {
  serve({answer_all, [](Peer& peer) -> Task<void> {
           co_await peer.head();
           co_await peer.send(
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
           co_await peer.head();
         }});
  call_.body_bytes_max = 4;
  EXPECT_EQ(outcome(), "3 response body has more than 4 bytes");
  EXPECT_EQ(outcome(), "3 response body has more than 4 bytes");
  EXPECT_EQ(client_->idle(), 0U);
}

TEST_F(ClientBodyTest, HeadHasTheLengthButNoBody) {
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

TEST_F(ClientBodyTest, LargeWholeBodyAndItsEcho) {
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

TEST_F(ClientBodyTest, EarlyAnswerToALargeBody) {
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

TEST_F(ClientBodyTest, StreamedRequestBodies) {
  serve({[](Peer& peer) -> Task<void> {
    const std::string head = co_await peer.head();
    const bool chunked = head.contains("Transfer-Encoding: chunked");
    const std::string body = co_await peer.read_until(chunked ? "0\r\n\r\n" : "end");
    co_await peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body);
  }});
  request_.method = "POST";
  request_.body = http::Body(
      std::make_unique<Chunks>(std::vector<std::string>{"one", "two"}, std::nullopt), std::nullopt);
  EXPECT_EQ(outcome(), "200 3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
  request_.body = http::Body(
      std::make_unique<Chunks>(std::vector<std::string>{"the ", "end"}, std::nullopt), 7);
  EXPECT_EQ(outcome(), "200 the end");
}

TEST_F(ClientBodyTest, ClientThatLeavesItsBodyUnfinished) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.read_until("never");
  }});
  request_.method = "POST";
  request_.body = http::Body(std::make_unique<Chunks>(std::vector<std::string>{"x"},
                                                      Error{ErrorKind::closed, "client left", {}}),
                             7);
  EXPECT_EQ(outcome(), "1 client left");
  request_.body =
      http::Body(std::make_unique<Chunks>(std::vector<std::string>{"x"}, std::nullopt), 7);
  EXPECT_EQ(outcome(), "1 request body broke off");
  call_.deadline = Clock::now() + std::chrono::seconds(10);
  request_.body = http::Body(
      std::make_unique<Chunks>(std::vector<std::string>{"too ", "long"}, std::nullopt), 7);
  EXPECT_EQ(outcome(), "1 request body is too long");
}

// Sleeps before its only bytes.
class Slow final : public http::BodyReader {
 public:
  Slow(loop::EventLoop& loop, TimePoint until) : loop_(loop), until_(until) {}
  Task<Result<std::string_view>> read() override {
    if (std::exchange(given_, true)) co_return std::string_view();
    co_await loop_.sleep_until(until_);
    co_return std::string_view("end");
  }

 private:
  loop::EventLoop& loop_;
  TimePoint until_;
  bool given_ = false;
};

TEST_F(ClientBodyTest, TheClientsTimeIsNotTheBackends) {
  serve({[](Peer& peer) -> Task<void> {
           co_await peer.head();
           co_await peer.read_until("end");
           co_await peer.send(kHello);
           co_await answer_all(peer);
         },
         answer_all});
  Duration client_time{};
  call_.client_time = &client_time;
  call_.deadline = Clock::now() + milliseconds(500);
  request_.method = "PUT";
  request_.body = http::Body(std::make_unique<Slow>(loop_, call_.deadline + milliseconds(1)), 3);
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_GT(client_time, Duration::zero());
  call_.deadline = TimePoint::max();
  request_.body.clear();
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(client_time, Duration::zero()) << "of the last exchange on this connection";
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(ClientBodyTest, AStreamIsNotSentAgainOnADeadKeptConnection) {
  serve({answer_once_then_close, answer_all});
  EXPECT_EQ(outcome(), "200 hello");
  request_.method = "PUT";
  request_.body = http::Body(
      std::make_unique<Chunks>(std::vector<std::string>{"one"}, std::nullopt), std::nullopt);
  EXPECT_FALSE(exchange());
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(ClientBodyTest, StreamedResponseHandsItsConnectionBack) {
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

TEST_F(ClientBodyTest, DroppedStreamClosesItsConnection) {
  serve({answer_all});
  call_.body_bytes_max = -1;
  ASSERT_TRUE(exchange());
  response_.body.clear();
  EXPECT_EQ(client_->idle(), 0U);
  ASSERT_TRUE(exchange());
  EXPECT_EQ(server_->connections(), 2U);
}

TEST_F(ClientBodyTest, InFlightUntilTheEndOfTheStream) {
  serve({answer_all});
  const auto in_flight = [this] { return state_->cells.sum(&ServerState::Cells::in_flight); };
  ASSERT_TRUE(exchange());
  EXPECT_EQ(in_flight(), 0U);
  call_.body_bytes_max = -1;
  ASSERT_TRUE(exchange());
  EXPECT_EQ(in_flight(), 1U);
  ASSERT_TRUE(buffer_response());
  EXPECT_EQ(in_flight(), 0U);
  ASSERT_TRUE(exchange());
  EXPECT_EQ(in_flight(), 1U);
  response_.body.clear();
  EXPECT_EQ(in_flight(), 0U);
  ASSERT_TRUE(exchange());
  std::string read = " ";
  while (!read.empty()) read = *loop::run_to_completion(loop_, response_.body.reader()->read());
  EXPECT_EQ(in_flight(), 0U) << "the body still exists";
}

TEST_F(ClientBodyTest, StreamMayOutliveTheClient) {
  serve({answer_all});
  call_.body_bytes_max = -1;
  ASSERT_TRUE(exchange());
  client_ = nullptr;
  ASSERT_TRUE(buffer_response());
  EXPECT_EQ(response_.body.bytes(), "hello");
}

// --- Bodies without a choice between whole and streamed

TEST_F(ClientBodyTest, ShortOnesAndThoseThatAreHereAreWhole) {
  const std::string large(kHeldBytesMax + 1, 'x');
  serve({[&](Peer& peer) -> Task<void> {
    while (true) {
      const std::string head = co_await peer.head();
      if (head.empty()) co_return;
      if (head.contains("/chunks")) {
        co_await peer.send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
      } else if (head.contains("/large")) {
        co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large.size()) +
                           "\r\n\r\n" + large);
      } else {
        co_await peer.send(kHello);
      }
    }
  }});
  call_.body_bytes_max = 0;
  for (const char* path : {"/short", "/chunks"}) {
    request_.escaped_path = path;
    EXPECT_EQ(outcome(), "200 hello") << path;
    EXPECT_FALSE(response_.body.is_stream());
  }
  request_.escaped_path = "/large";
  ASSERT_TRUE(exchange());
  EXPECT_TRUE(response_.body.may_be_held());
  EXPECT_EQ(response_.body.length(), large.size());
  ASSERT_TRUE(buffer_response());
  EXPECT_EQ(response_.body.bytes(), large);
  EXPECT_EQ(outcome().substr(0, 3), "200");
  EXPECT_EQ(server_->connections(), 1U) << "the connection is kept";
}

class Ends final : public BodyObserver {
 public:
  void body_ended(std::size_t, unsigned, const Failure* failure) const override {
    text += failure != nullptr ? std::to_string(static_cast<int>(failure->stage)) : "whole";
  }
  mutable std::string text;
};

TEST_F(ClientBodyTest, TheRestOfAStreamFollowsWhatWasHere) {
  serve(
      {[](Peer& peer) -> Task<void> {
         co_await peer.head();
         co_await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
         co_await peer.loop.sleep_for(milliseconds(20));
         co_await peer.send("6\r\n world\r\n0\r\n\r\n");
         co_await peer.head();
       },
       [](Peer& peer) -> Task<void> {
         co_await peer.head();
         co_await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
       }});
  const auto ends = std::make_shared<Ends>();
  call_.body_bytes_max = 0;
  call_.observer = ends.get();
  ASSERT_TRUE(exchange());
  EXPECT_TRUE(response_.body.is_stream());
  ASSERT_TRUE(buffer_response());
  EXPECT_EQ(response_.body.bytes(), "hello world");
  EXPECT_EQ(ends->text, "whole");
  make_client();
  ASSERT_TRUE(exchange());
  EXPECT_FALSE(buffer_response());
  EXPECT_EQ(ends->text, "whole3") << "it broke off";
}

// A body of `size` bytes without repetition, with a length or in chunks.
ScriptedServer::Script answer_large(std::size_t size, bool chunked) {
  return [=](Peer& peer) -> Task<void> {
    co_await peer.head();
    std::string body;
    for (std::size_t i = 0; i < size; ++i) body += static_cast<char>('a' + i % 23);
    std::string head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
    if (!chunked) co_await peer.send(head + body);
    if (chunked) {
      head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
      std::string chunks;
      for (std::size_t at = 0; at < size; at += 0x1000)
        chunks += "1000\r\n" + body.substr(at, 0x1000) + "\r\n";
      co_await peer.send(head + chunks + "0\r\n\r\n");
    }
    co_await peer.head();
  };
}

TEST_F(ClientBodyTest, WhatMayNotBeHeldIsStreamed) {
  constexpr std::size_t kSize = 0x60000;
  for (const bool chunked : {false, true}) {
    serve({answer_large(kSize, chunked)});
    call_.memory = std::make_shared<MemoryHolder>(loop_.memory(), 200'000);
    ASSERT_TRUE(exchange());
    ASSERT_TRUE(response_.body.is_stream()) << chunked;
    EXPECT_LE(call_.memory->held(), 200'000U);
    ASSERT_TRUE(buffer_response());
    EXPECT_EQ(response_.body.bytes().size(), kSize);
    for (std::size_t i = 0; i < kSize; i += 997)
      ASSERT_EQ(response_.body.bytes()[i], static_cast<char>('a' + i % 23)) << i;
    EXPECT_EQ(call_.memory->held(), 0U);
    EXPECT_EQ(client_->idle(), 1U);
    client_ = nullptr;
    server_ = nullptr;
  }
}

TEST_F(ClientBodyTest, AWholeBodyIsChargedUntilItGoes) {
  constexpr std::size_t kSize = 0x40000;
  for (const bool chunked : {false, true}) {
    serve({answer_large(kSize, chunked)});
    call_.memory = std::make_shared<MemoryHolder>(loop_.memory(), 10 * kSize);
    ASSERT_TRUE(exchange());
    ASSERT_FALSE(response_.body.is_stream());
    EXPECT_EQ(response_.body.bytes().size(), kSize);
    EXPECT_GE(call_.memory->held(), kSize);
    response_.body.clear();
    EXPECT_EQ(call_.memory->held(), 0U);
    client_ = nullptr;
    server_ = nullptr;
  }
}

}  // namespace
}  // namespace sluice::backend
