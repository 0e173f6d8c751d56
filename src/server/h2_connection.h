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
#include "loop/event_loop.h"
#include "loop/task.h"
#include "server/core_server.h"
#include "server/h2_stream.h"

namespace sluice::server {

// Serves requests until the client leaves, a limit ends the connection, or the server drains.
// `received`: the bytes read so far, the preface or its beginning.
Task<void> serve_h2(CoreServer& server, CoreServer::Membership& membership, net::Stream& stream,
                    std::string received);

class H2Connection final : private http::h2::SessionOwner,
                           private CoreServer::Retirable,
                           private net::Stream::Room {
 public:
  H2Connection(CoreServer& server, CoreServer::Membership& membership, net::Stream& stream);
  ~H2Connection() override;

  Task<void> serve(std::string received);

  // The functions below are for the connection's streams.
  [[nodiscard]] CoreServer& server() { return server_; }
  [[nodiscard]] loop::EventLoop& loop() { return loop_; }
  [[nodiscard]] net::Stream& stream() { return stream_; }
  [[nodiscard]] const std::shared_ptr<MemoryHolder>& memory() const { return membership_.memory(); }
  // Counts the decoded heads that the streams hold.
  void add_heads(std::size_t bytes) { head_bytes_ += bytes; }
  void subtract_heads(std::size_t bytes) { head_bytes_ -= bytes; }
  [[nodiscard]] std::size_t head_bytes() const { return head_bytes_; }
  [[nodiscard]] http::h2::Session& session() { return session_; }
  [[nodiscard]] std::string_view date() const;
  // True if the current configuration requires more than the client has shown.
  [[nodiscard]] bool is_superseded() const { return membership_.superseded(); }
  // Under overload: tells whether the user of the last request is known. The next request usually
  // has the same user.
  void set_known(bool known) { known_ = known; }
  // Calls advance() of `stream` once the session is not at work.
  void schedule(H2Stream& stream);
  void note_closed(H2Stream& stream) { closed_.push_back(&stream); }
  // The session has output to write.
  void flush() { output_.notify(); }
  // Sets the timer to fire at `when`, or earlier.
  void watch(TimePoint when);

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
  void rest(CoreServer::Membership::Rest what);
  void rest_again();
  void end();
  void size_input(std::size_t last_read);
  void on_timer();
  void expire(TimePoint now);
  [[nodiscard]] const HttpServerSpec& spec() const { return server_.prototype()->spec; }
  [[nodiscard]] TimePoint head_due() const;
  [[nodiscard]] TimePoint next_due() const;

  CoreServer& server_;
  CoreServer::Membership& membership_;
  net::Stream& stream_;
  loop::EventLoop& loop_;
  std::vector<std::unique_ptr<H2Stream>> streams_;
  std::vector<std::unique_ptr<H2Stream>> spare_;
  std::vector<H2Stream*> ready_;
  std::vector<H2Stream*> closed_;
  http::h2::Session session_;  // destroyed before its streams
  std::size_t input_size_;     // of the next read
  std::string input_;
  std::string out_;
  loop::Event output_;  // there may be output to write
  loop::Event room_;    // output was written, or no work is left
  std::uint64_t discarded_ = 0;
  std::size_t head_bytes_ = 0;
  MemoryCharge buffers_;  // input_ and out_
  http::h2::StreamId open_head_ = 0;
  TimePoint head_since_;
  TimePoint idle_since_;
  TimePoint write_by_ = TimePoint::max();      // for the write in progress
  TimePoint retire_by_ = TimePoint::max();     // the second step of a shutdown
  TimePoint close_by_ = TimePoint::max();      // after the last write
  TimePoint linger_until_ = TimePoint::max();  // if the client keeps sending
  TimePoint timer_at_ = TimePoint::max();
  loop::EventLoop::Timer timer_;
  bool known_ = false;
  bool retiring_ = false;
  bool ponged_ = false;
  bool shut_down_ = false;
  bool rested_ = false;
  bool broken_ = false;  // nothing reaches the client any more
  Task<void> writer_;
};

}  // namespace sluice::server
