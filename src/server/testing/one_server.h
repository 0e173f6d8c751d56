// SPDX-License-Identifier: Apache-2.0
// An HTTPServer on one core that listens, and its clients. Everything happens on the thread of the
// test: the core works only inside until().
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/memory_budget.h"
#include "http/h2/frame_scanner.h"
#include "http/h2/testing/test_peer.h"
#include "loop/event.h"
#include "loop/testing/settle.h"
#include "server/core_server.h"
#include "server/testing/serving.h"

namespace sluice::server::testing {

// The client's end of a connection. No call waits.
class Client {
 public:
  // Requires: a socket listens on `port`.
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server),
              0);
    const int at_once = 1;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  }

  void send(std::string_view bytes) const {
    EXPECT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT),
              static_cast<ssize_t>(bytes.size()));
  }
  // All bytes that have arrived so far.
  const std::string& received() {
    std::array<char, 16'384> part;
    while (!ended_) {
      const auto count = ::recv(socket_.get(), part.data(), part.size(), MSG_DONTWAIT);
      if (count < 0 && errno == EAGAIN) break;
      if (count > 0) received_.append(part.data(), static_cast<std::size_t>(count));
      ended_ = count <= 0;
    }
    return received_;
  }
  // The server has ended its side or reset the connection, and nothing is left to read.
  bool ended() {
    (void)received();
    return ended_;
  }
  // HTTP/2: the frames of this type that have begun to arrive on `stream` with all of `flags`.
  int frames(http::h2::FrameType type, std::int32_t stream = 0, std::uint8_t flags = 0) {
    int count = 0;
    http::h2::FrameScanner scanner;
    for (std::string_view rest = received(); !rest.empty();) {
      const auto head = scanner.next(rest).head;
      if (head && head->type == type && head->stream == stream && (head->flags & flags) == flags)
        ++count;
    }
    return count;
  }
  // HTTP/2: whether the whole response on `stream` has arrived.
  bool has_response(std::int32_t stream) {
    return frames(http::h2::FrameType::headers, stream, http::h2::kFlagEndStream) +
               frames(http::h2::FrameType::data, stream, http::h2::kFlagEndStream) >
           0;
  }

 private:
  Descriptor socket_;
  std::string received_;
  bool ended_ = false;
};

// HTTP/2: the fields of a request.
[[nodiscard]] inline std::string h2_fields(std::string_view method, std::string_view path = "/p") {
  using http::h2::literal;
  return literal(":method", method) + literal(":scheme", "http") + literal(":path", path) +
         literal(":authority", "a");
}

// Unless a test changes play(), every request gets "done" as its response, at once or when
// release() is called.
class OneServer {
 public:
  // `fields`: of the HTTPServer besides name, kind, port and rules.
  explicit OneServer(std::string_view fields = "") {
    one_.loop.memory().join(budget_, 0);
    one_.play.act = [this](pipeline::Exchange& exchange) { return respond(exchange, *this); };
    server_ = std::make_shared<CoreServer>(one_.context, generation(fields));
    auto listener = net::Listener::open("127.0.0.1", 0);
    EXPECT_TRUE(listener);
    port_ = listener->port();
    std::vector<net::Listener> listeners;
    listeners.push_back(*std::move(listener));
    server_->listen(std::move(listeners));
  }
  OneServer(const OneServer&) = delete;
  OneServer& operator=(const OneServer&) = delete;
  ~OneServer() {
    server_->listen({});
    server_->close_all();
    EXPECT_TRUE(until([this] { return server_->connection_count() == 0; }));
  }

  [[nodiscard]] CoreServer& operator*() const { return *server_; }
  [[nodiscard]] CoreServer* operator->() const { return server_.get(); }
  [[nodiscard]] loop::EventLoop& loop() { return one_.loop; }
  [[nodiscard]] Client connect() const { return Client(port_); }
  // Installs the next generation.
  void update(std::string_view fields) { server_->update(generation(fields)); }

  // Holds the next request in the pipeline. Requires: release() comes before another one.
  void hold() { held_ = true; }
  void release() {
    held_ = false;
    if (released_.has_waiter()) released_.notify();
  }
  [[nodiscard]] Play& play() { return one_.play; }
  // Requests that have reached the pipeline.
  [[nodiscard]] int asked() const { return one_.play.runs; }
  // Requests in the statistics.
  [[nodiscard]] std::uint64_t recorded() const { return counters_->stats.count(); }
  [[nodiscard]] std::size_t held(MemoryUse use) const { return budget_.held(use); }

  // Runs the core until `condition` holds. Returns false if that does not come: the time limit ends
  // a test that fails.
  [[nodiscard]] bool until(const std::function<bool()>& condition) {
    constexpr std::chrono::seconds kPatience{20};
    const TimePoint end = Clock::now() + kPatience;
    while (!condition()) {
      if (Clock::now() > end) return false;
      loop::testing::run_for(loop(), std::chrono::milliseconds(1));
    }
    return true;
  }

 private:
  static Task<void> respond(pipeline::Exchange& exchange, OneServer& self) {
    if (self.held_) co_await self.released_.wait();
    exchange.new_response().body.assign("done");
  }
  std::shared_ptr<const ServerPrototype> generation(std::string_view fields) {
    auto made = make_prototype(
        std::string(fields) + "\nrules: [{paths: [{path: /p, backend: p}]}]\n", counters_);
    counters_ = made->counters;
    return made;
  }

  MemoryBudget budget_{std::size_t{256} << 20, 1};
  OneCore one_;
  loop::Event released_{one_.loop};
  bool held_ = false;
  std::shared_ptr<ServerCounters> counters_;
  std::shared_ptr<CoreServer> server_;
  std::uint16_t port_ = 0;
};

}  // namespace sluice::server::testing
