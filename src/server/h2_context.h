// SPDX-License-Identifier: Apache-2.0
// H2Context: an HTTP/2 connection as its streams see it. The connection owns it. Core-bound.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/memory_budget.h"
#include "base/time.h"
#include "http/h2/session.h"
#include "loop/event.h"
#include "loop/event_loop.h"
#include "server/connections.h"
#include "server/peer_info.h"
#include "server/server_context.h"

namespace sluice::server {

class H2Stream;

class H2Context {
 public:
  // `on_timer`: called when the time of a watch() has come. Requires: all outlive this.
  H2Context(ServerContext& server, Connections::Member& member, const net::Stream& stream,
            http::h2::SessionOwner& owner, const http::h2::Limits& limits,
            std::function<void()> on_timer)
      : server_(server),
        member_(member),
        peer_(PeerInfo::of(stream)),
        session_(owner, limits, &server.core().loop().pages()),
        output_(server.core().loop()),
        on_timer_(std::move(on_timer)) {}
  H2Context(const H2Context&) = delete;
  H2Context& operator=(const H2Context&) = delete;

  [[nodiscard]] ServerContext& server() const { return server_; }
  [[nodiscard]] loop::EventLoop& loop() const { return server_.core().loop(); }
  [[nodiscard]] const PeerInfo& peer() const { return peer_; }
  [[nodiscard]] const std::shared_ptr<MemoryHolder>& memory() const { return member_.memory(); }
  [[nodiscard]] http::h2::Session& session() { return session_; }
  [[nodiscard]] const http::h2::Session& session() const { return session_; }
  [[nodiscard]] std::string_view date() const { return server_.core().date(); }
  // True if the current configuration requires more than the client has shown.
  [[nodiscard]] bool superseded() const { return member_.superseded(); }

  // Counts the decoded heads that the streams hold.
  void add_heads(std::size_t bytes) { head_bytes_ += bytes; }
  void subtract_heads(std::size_t bytes) { head_bytes_ -= bytes; }
  [[nodiscard]] std::size_t head_bytes() const { return head_bytes_; }

  // Under overload: tells whether the user of the last request is known. The next request usually
  // has the same user.
  void set_known(bool known) { known_ = known; }
  [[nodiscard]] bool known() const { return known_; }

  // The streams whose advance() is called once the session is not at work, each at most once, and
  // those whose on_close() was called.
  [[nodiscard]] std::vector<H2Stream*>& ready() { return ready_; }
  [[nodiscard]] std::vector<H2Stream*>& closed() { return closed_; }

  // The session has output to write.
  void flush() { output_.notify(); }
  // For the writer of the connection.
  [[nodiscard]] loop::Event& output() { return output_; }

  // Calls on_timer at `when`, or earlier.
  void watch(TimePoint when) {
    if (when >= timer_at_) return;
    timer_at_ = when;
    timer_ = loop::EventLoop::Timer(loop(), when, [this] {
      timer_at_ = TimePoint::max();
      on_timer_();
    });
  }

 private:
  ServerContext& server_;
  Connections::Member& member_;
  const PeerInfo peer_;
  std::vector<H2Stream*> ready_;
  std::vector<H2Stream*> closed_;
  http::h2::Session session_;
  loop::Event output_;
  std::size_t head_bytes_ = 0;
  bool known_ = false;
  TimePoint timer_at_ = TimePoint::max();
  std::function<void()> on_timer_;
  loop::EventLoop::Timer timer_;
};

}  // namespace sluice::server
