// SPDX-License-Identifier: Apache-2.0
// H2Stream: a stream of an HTTP/2 connection: an exchange of the same pipeline that HTTP/1 requests
// run through, beside others. Core-bound; owned by its connection, and used again for later
// streams.
//
// The session's events come while the session is at work; they only take note, and have the
// connection call advance() afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/h2/session.h"
#include "http/interim.h"
#include "loop/event.h"
#include "loop/task.h"
#include "server/progress.h"
#include "server/served_exchange.h"

namespace sluice::server {

class H2Connection;

class H2Stream final : public http::h2::SessionStream, private http::InterimSink {
 public:
  explicit H2Stream(H2Connection& connection);

  // Its first bytes are here.
  void begin();
  // Goes on where there is something new.
  void advance();
  // It is closed, or the connection is gone: ends what still runs, and records it.
  void conclude();
  // As before begin(). False: it has become too large to be worth keeping.
  [[nodiscard]] bool clear();
  [[nodiscard]] bool closed() const { return closed_; }

  // When to give up on the client, for what we wait for now; max: for nothing.
  [[nodiscard]] TimePoint due() const;
  void expire();
  // The client sends nothing more, and this request is not complete.
  void on_input_end();

  http::Request& request() override { return served_.request(); }
  void on_head(const http::h2::RequestHead& head, bool ended) override;
  void on_data(std::string_view bytes) override;
  void on_trailers(std::unique_ptr<http::Headers> trailers) override;
  void on_end() override;
  void on_early_end() override;
  void on_close(http::h2::ErrorCode code, bool by_client) override;
  Offer offer() override;
  std::string_view take(std::size_t size) override;
  const http::Headers* trailers() override { return trailers_out_; }

  // The connection's business.
  bool scheduled = false;    // advance() will be called
  std::size_t position = 0;  // among the connection's streams

 private:
  class BodyStream;

  void send_interim(int status, const http::Headers& headers) override;

  Task<void> serve();
  Task<int> dispatch();
  Task<Result<std::string_view>> read_body();
  Task<void> send_stream(http::BodyReader& reader);
  void wait_for_client();
  void give_up(std::string tag);
  [[nodiscard]] bool holds_too_many_heads() const;
  void refuse_stream(observe::Limit limit);
  void charge_incoming() { incoming_memory_.set(incoming_.capacity() + reading_.capacity()); }
  [[nodiscard]] int final_status();
  void record(int status);
  void discard(std::size_t bytes);

  H2Connection& connection_;
  ServedExchange served_;

  // Of the request.
  std::optional<std::uint64_t> length_;
  int refusal_ = 0;
  std::string reason_;  // of the refusal, or why the stream was reset
  bool expects_continue_ = false;
  bool head_complete_ = false;
  bool ended_ = false;
  bool has_body_ = false;         // the head did not end the stream
  std::string incoming_;          // bytes not yet asked for; the window bounds them
  std::string reading_;           // bytes handed to the reader
  MemoryCharge incoming_memory_;  // both
  std::unique_ptr<http::Headers> trailers_;
  loop::Event body_ready_;  // more of it is here, or its end, or its time is up
  Progress body_progress_{Duration::zero()};
  TimePoint body_due_ = TimePoint::max();
  bool body_timed_out_ = false;

  // Of the response.
  std::string_view unsent_;  // of the content, or of the piece of it at hand
  bool last_piece_ = false;
  const http::Headers* trailers_out_ = nullptr;
  std::unique_ptr<http::Headers> streamed_trailers_;
  bool responding_ = false;
  std::size_t interim_bytes_ = 0;
  loop::Event sent_;  // the piece at hand
  Progress sent_progress_{Duration::zero()};
  TimePoint sent_due_ = TimePoint::max();

  // Of its end.
  bool early_end_ = false;
  TimePoint stop_due_ = TimePoint::max();  // after an early end
  std::size_t discarded_ = 0;
  bool recorded_ = false;
  bool started_ = false;
  bool closed_ = false;
  bool by_client_ = false;
  bool given_up_ = false;
  bool cut_off_ = false;  // the client ended its side within the request
  http::h2::ErrorCode code_ = http::h2::ErrorCode::no_error;

  Task<void> task_;  // goes first
};

}  // namespace sluice::server
