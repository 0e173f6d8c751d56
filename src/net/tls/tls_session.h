// SPDX-License-Identifier: Apache-2.0
// Inside net/ only: the state of a TLS stream, apart from its owner, so that the tasks that move
// bytes can keep it alive after the Stream is destroyed. Core-bound.
//
// OpenSSL works on two buffers in memory. take_in() moves bytes from the transport into the first
// while an operation needs them. send_out() moves the second to the transport. Each runs at most
// once at a time.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/memory_budget.h"
#include "loop/event_loop.h"
#include "loop/on_core.h"
#include "loop/task.h"
#include "net/stream.h"

struct bio_st;
struct ssl_st;

namespace sluice::net {

class TlsSession : public std::enable_shared_from_this<TlsSession>, private Stream::Room {
 public:
  // Takes over `session`, of either side; null if memory ran out. Keeps `context` alive as long.
  TlsSession(loop::EventLoop& loop, std::unique_ptr<Stream> transport, ssl_st* session,
             std::shared_ptr<const void> context);
  ~TlsSession() override;
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Requires: the first call. Errors: as of accept_tls() and connect_tls().
  Task<Result<void>> handshake(TimePoint deadline);

  bool start_read(std::span<char> buffer, Stream::Operation& operation);
  bool start_write(std::string_view bytes, Stream::Operation& operation);
  bool start_closed(Stream::Operation& operation, bool whole);
  void cancel(Stream::Operation& operation);
  void set_deadline(TimePoint when);
  void clear_deadline();
  void set_patience(Duration patience) { transport_->set_patience(patience); }
  void close();
  void shutdown_write();
  void rest();
  // The Stream is being destroyed.
  void abandon();
  [[nodiscard]] bool is_open() const { return open_ && transport_->is_open(); }
  [[nodiscard]] const std::string& peer_address() const { return transport_->peer_address(); }
  [[nodiscard]] std::string_view protocol() const;
  [[nodiscard]] bool ended_cleanly() const { return said_goodbye_; }
  [[nodiscard]] ssl_st* ssl() const { return session_; }

 private:
  static Task<void> take_in(std::shared_ptr<TlsSession> self);
  static Task<void> send_out(std::shared_ptr<TlsSession> self);
  static Task<void> watch_transport(std::shared_ptr<TlsSession> self);
  Task<Result<void>> flush();
  [[nodiscard]] bool fill_output();
  std::span<char> room() override;
  void shrink_input();
  void feed(std::size_t count);
  void need_input();
  void look_later();
  void need_output();
  [[nodiscard]] bool wants_input();
  [[nodiscard]] bool data_waits();
  [[nodiscard]] bool awaits_end() const { return closed_ != nullptr && !closed_whole_; }
  void note_broken();
  bool try_read(Stream::Operation& operation);
  void send_answers();
  void note_end(int error);
  void advance();
  void resolve(Stream::Operation*& slot, Result<std::size_t> outcome);
  [[nodiscard]] bool refuse(Stream::Operation& operation) const;
  void arm(TimePoint when);
  void on_timer();

  loop::EventLoop& loop_;
  [[no_unique_address]] loop::OnCore on_core_;
  const std::unique_ptr<Stream> transport_;
  const std::shared_ptr<const void> context_;
  ssl_st* const session_;
  bio_st* received_;  // both belong to session_
  bio_st* produced_;

  Stream::Operation* read_ = nullptr;
  Stream::Operation* write_ = nullptr;
  Stream::Operation* closed_ = nullptr;
  Stream::Operation* starting_ = nullptr;  // its result is returned, without finish()
  std::span<char> buffer_;                 // of read_
  std::string_view unsent_;                // of write_
  std::size_t input_size_;                 // for the next read
  std::string input_;                      // received from the transport
  std::string output_;                     // to be sent to the transport
  bool closed_whole_ = false;              // closed_ waits for the end of both directions
  MemoryCharge output_memory_;             // for output_ and produced_
  bool taking_in_ = false;
  bool watching_ = false;  // watch_transport() runs
  bool sending_out_ = false;
  bool flushing_ = false;  // send_out() waits for the transport
  bool open_ = true;
  bool ended_ = false;         // no more input follows
  bool said_goodbye_ = false;  // a close_notify was sent
  bool broken_ = false;        // no more output can be sent
  bool shut_down_ = false;
  bool expired_ = false;
  Result<std::size_t> end_ = 0;  // the result of reads once ended_
  TimePoint deadline_ = TimePoint::max();
  TimePoint timer_at_ = TimePoint::max();
  loop::EventLoop::Timer timer_;
};

}  // namespace sluice::net
