// SPDX-License-Identifier: Apache-2.0
// H2Connection: HTTP/2 with a backend over one stream, with many concurrent exchanges. Core-bound.
// It keeps itself alive while it is open.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

#include "backend/connection_gate.h"
#include "base/time.h"
#include "http/h2/client_session.h"
#include "loop/core.h"
#include "loop/event_loop.h"
#include "loop/task.h"
#include "net/resolver.h"
#include "net/stream.h"

namespace sluice::backend {

struct H2Options {
  Duration idle_for_max = std::chrono::seconds(90);  // then the connection is closed; 0: at once
  Duration silence_max = std::chrono::minutes(1);    // of a backend that takes no bytes
};

// The connection's view of an exchange.
class H2Exchange {
 public:
  H2Exchange() = default;
  H2Exchange(const H2Exchange&) = delete;
  H2Exchange& operator=(const H2Exchange&) = delete;
  // The connection has ended. reason() gives the cause.
  virtual void on_connection_closed() = 0;

 protected:
  ~H2Exchange() = default;
};

class H2Connection : public std::enable_shared_from_this<H2Connection> {
 public:
  H2Connection(const loop::Core& core, std::unique_ptr<net::Stream> stream, net::Endpoint endpoint,
               ConnectionGate::Pass pass, std::shared_ptr<ConnectionGate> gate, H2Options options);
  H2Connection(const H2Connection&) = delete;
  H2Connection& operator=(const H2Connection&) = delete;
  // Call first, once. `on_ready` is called once: with true when further exchanges may begin, with
  // false if the connection ended before. The server's SETTINGS give their number. Without SETTINGS
  // within kSettingsPatience, the usual number is assumed.
  using OnReady = std::move_only_function<void(bool)>;
  void start(OnReady on_ready);

  [[nodiscard]] bool open() const { return open_; }
  // True if another exchange may begin now.
  [[nodiscard]] bool accepts() const;
  // The maximum of concurrent exchanges.
  [[nodiscard]] std::uint32_t streams_max() const { return session_.streams_max(); }
  [[nodiscard]] const net::Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] TimePoint made_at() const { return made_at_; }
  // Refuses new exchanges; current ones continue.
  void retire();
  // Ends all exchanges and the connection.
  void close();

  // For its exchanges.
  [[nodiscard]] http::h2::ClientSession& session() { return session_; }
  // Sends the session's pending output.
  void pump();
  // Registers an exchange, which learns when the connection ends. Call remove() before it is
  // destroyed.
  void add(H2Exchange& exchange);
  // `id`: its stream, if still open. `silent`: it was given up without an answer.
  void remove(H2Exchange& exchange, http::h2::StreamId id, bool silent);
  // The backend has refused a stream within its announced limit. For kRefusedFor, the limit is the
  // current number of streams.
  void note_refused();
  // The time of the last bytes from the backend.
  [[nodiscard]] TimePoint heard_at() const { return heard_at_; }
  [[nodiscard]] bool is_secure() const { return stream_->is_secure(); }
  [[nodiscard]] loop::EventLoop& loop() const { return core_.loop; }
  [[nodiscard]] std::string_view reason() const { return reason_; }

 private:
  static Task<void> read_all(std::shared_ptr<H2Connection> self);
  static Task<void> write_all(std::shared_ptr<H2Connection> self);
  void rest();
  void become_ready(bool good);

  static constexpr Duration kSettingsPatience = std::chrono::seconds(1);
  static constexpr Duration kRefusedFor = std::chrono::seconds(1);
  // Limit of streams cancelled before their end, which clients can cause at will ("rapid reset").
  // Servers close connections with too many, and all their streams; some after 250 in a row. A
  // connection at this limit gets no more exchanges if another can be opened; current ones
  // continue.
  static constexpr unsigned kCancelledMax = 64;

  const loop::Core& core_;
  ConnectionGate::Pass pass_;
  std::shared_ptr<ConnectionGate> gate_;
  std::shared_ptr<void> evictor_;
  net::Endpoint endpoint_;
  std::unique_ptr<net::Stream> stream_;
  H2Options options_;
  http::h2::ClientSession session_;
  std::unordered_set<H2Exchange*> exchanges_;
  std::string out_;
  std::string reason_;  // the reason for the close
  const TimePoint made_at_ = loop::EventLoop::now();
  TimePoint heard_at_;
  loop::EventLoop::Timer idle_timer_;
  loop::EventLoop::Timer settings_timer_;
  OnReady on_ready_;  // null: already called, or never set
  std::size_t refused_beyond_ = 0;
  TimePoint refused_until_{};
  bool open_ = true;
  bool writing_ = false;
  bool suspect_ = false;
  unsigned cancelled_ = 0;
};

}  // namespace sluice::backend
