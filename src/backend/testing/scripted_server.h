// SPDX-License-Identifier: Apache-2.0
// For tests: a backend on the test's own loop that follows a script on each connection.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "loop/event_loop.h"
#include "loop/task.h"
#include "net/listener.h"

namespace sluice::backend {

class Peer {
 public:
  Peer(loop::EventLoop& its_loop, std::unique_ptr<net::Stream> stream)
      : loop(its_loop), stream_(std::move(stream)) {}

  // All bytes up to `end`; "" if the client closed before.
  Task<std::string> read_until(std::string end) {
    while (!unread_.contains(end)) {
      const bool more = co_await read_more();
      if (!more) co_return "";
    }
    co_return take(unread_.find(end) + end.size());
  }
  Task<std::string> head() { return read_until("\r\n\r\n"); }
  // The next `size` bytes; "" if the client closed before.
  Task<std::string> read_exactly(std::size_t size) {
    while (unread_.size() < size) {
      const bool more = co_await read_more();
      if (!more) co_return "";
    }
    co_return take(size);
  }
  // Waits for bytes and returns all that have arrived; "" if the client has closed.
  Task<std::string> read_any() {
    if (unread_.empty()) (void)co_await read_more();
    co_return take(unread_.size());
  }
  Task<void> send(std::string text) { (void)co_await stream_->write_all(text); }
  Task<void> send_slowly(std::string text) {
    for (const char c : text) {
      (void)co_await stream_->write_all({&c, 1});
      co_await loop.yield();
    }
  }
  void close() { stream_->close(); }

  loop::EventLoop& loop;

 private:
  Task<bool> read_more() {
    std::array<char, 4096> buffer;
    const auto count = co_await stream_->read_some(buffer);
    if (!count || *count == 0) co_return false;
    unread_.append(buffer.data(), *count);
    co_return true;
  }
  std::string take(std::size_t size) {
    std::string text = unread_.substr(0, size);
    unread_.erase(0, size);
    return text;
  }

  std::unique_ptr<net::Stream> stream_;
  std::string unread_;
};

class ScriptedServer {
 public:
  using Script = std::function<Task<void>(Peer&)>;

  // The n-th connection runs the n-th script, further connections run the last.
  ScriptedServer(loop::EventLoop& loop, std::vector<Script> scripts)
      : loop_(loop),
        acceptor_(loop, *net::Listener::open("127.0.0.1", 0)),
        scripts_(std::move(scripts)) {
    loop_.spawn(serve());
  }
  ~ScriptedServer() { acceptor_.close(); }

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.port());
  }
  [[nodiscard]] std::size_t connections() const { return connections_; }

 private:
  Task<void> serve() {
    while (true) {
      auto stream = co_await acceptor_.accept();
      if (!stream) co_return;
      const Script& script = scripts_[std::min(connections_++, scripts_.size() - 1)];
      loop_.spawn(play(loop_, script, std::move(*stream)));
    }
  }
  static Task<void> play(loop::EventLoop& loop, Script script,
                         std::unique_ptr<net::Stream> stream) {
    Peer peer(loop, std::move(stream));
    co_await script(peer);
  }

  loop::EventLoop& loop_;
  net::Acceptor acceptor_;
  std::vector<Script> scripts_;
  std::size_t connections_ = 0;
};

// A script: closes the connection within the body of the response.
inline Task<void> break_off(Peer& peer) {
  co_await peer.head();
  co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
}

}  // namespace sluice::backend
