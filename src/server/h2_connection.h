// SPDX-License-Identifier: Apache-2.0
// An HTTP/2 connection (RFC 9113): a stream of bytes, a session, and one exchange for each of the
// concurrent HTTP/2 streams. Core-bound.
//
// One coroutine reads, another writes; the exchanges are Tasks of the connection. Invariant: the
// session is never called from inside its own events. Events schedule() streams, and settle()
// advances these afterwards.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "http/h2/session.h"
#include "loop/event.h"
#include "loop/task.h"
#include "server/connections.h"
#include "server/h2_context.h"
#include "server/h2_stream.h"
#include "server/server_context.h"

namespace sluice::server {

// Serves requests until the client leaves, a limit ends the connection, or the server drains.
// `received`: the bytes read so far, the preface or its beginning.
Task<void> serve_h2(ServerContext& server, Connections::Member& member, net::Stream& stream,
                    std::string received);

class H2Connection final : private http::h2::SessionOwner,
                           private Connections::Retirable,
                           private net::Stream::Room {
 public:
  H2Connection(ServerContext& server, Connections::Member& member, net::Stream& stream);
  ~H2Connection() override;

  Task<void> serve(std::string received);

 private:
  http::h2::SessionStream& on_stream() override;
  void on_pong() override { ponged_ = true; }
  void retire() override;
  std::span<char> room() override;

  Task<void> read_loop();
  Task<void> finish_streams();
  Task<void> watch_end();
  Task<void> write_loop();
  Task<bool> write();
  void receive(std::string_view bytes);
  void note_head(TimePoint now);
  void settle();
  void reap();
  void rest(Connections::Rest what);
  void rest_again();
  void end();
  void size_input(std::size_t last_read);
  void on_timer();
  void expire(TimePoint now);
  // Calls `on_timer` at `when`, or earlier.
  void watch(TimePoint when) { context_.watch(when); }
  [[nodiscard]] http::h2::Session& session() { return context_.session(); }
  [[nodiscard]] const http::h2::Session& session() const { return context_.session(); }
  [[nodiscard]] const HttpServerSpec& spec() const { return server_.prototype()->spec; }
  [[nodiscard]] TimePoint head_due() const;
  [[nodiscard]] TimePoint next_due() const;

  ServerContext& server_;
  Connections::Member& member_;
  net::Stream& stream_;
  std::vector<std::unique_ptr<H2Stream>> streams_;
  std::vector<std::unique_ptr<H2Stream>> spare_;
  H2Context context_;       // destroyed before its streams
  std::size_t input_size_;  // of the next read
  std::string input_;
  std::string out_;
  loop::Event room_;  // output was written, or no work is left
  std::uint64_t discarded_ = 0;
  MemoryCharge buffers_;  // input_ and out_
  http::h2::StreamId open_head_ = 0;
  TimePoint head_since_;
  TimePoint idle_since_;
  TimePoint write_by_ = TimePoint::max();      // for the write in progress
  TimePoint retire_by_ = TimePoint::max();     // the second step of a shutdown
  TimePoint close_by_ = TimePoint::max();      // after the last write
  TimePoint linger_until_ = TimePoint::max();  // if the client keeps sending
  bool retiring_ = false;
  bool ponged_ = false;
  bool shut_down_ = false;
  bool rested_ = false;
  bool broken_ = false;  // nothing reaches the client any more
  Task<void> writer_;
};

}  // namespace sluice::server
