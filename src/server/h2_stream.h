// SPDX-License-Identifier: Apache-2.0
// H2Stream: one HTTP/2 stream of a connection. Its exchange runs through the same pipelines as
// HTTP/1 requests, beside other exchanges. Core-bound. The connection owns it and reuses it for
// later streams.
//
// Events arrive while the session is at work. They only record what happened, and have the
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
#include "loop/join.h"
#include "loop/task.h"
#include "server/h2_context.h"
#include "server/progress.h"
#include "server/served_exchange.h"

namespace sluice::server {

class H2Stream final : public http::h2::SessionStream, private http::InterimSink {
 public:
  explicit H2Stream(H2Context& connection);

  // The first bytes of the stream have arrived.
  void begin();
  // Handles what the events have recorded.
  void advance();
  // The stream is closed, or the connection is gone: ends the running work and records the
  // exchange.
  void conclude();
  // Restores the state before begin(). Returns false if the object is too large to keep.
  [[nodiscard]] bool clear();
  [[nodiscard]] bool closed() const { return closed_; }

  // Returns when to give up on the client, for the current wait; max: no wait.
  [[nodiscard]] TimePoint due() const;
  void expire();
  // The client sends nothing more, and the request is not complete.
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

  // As RequestSource, for the current request.
  [[nodiscard]] bool superseded() const { return connection_.superseded(); }
  void note_known(bool known) { connection_.set_known(known); }
  [[nodiscard]] bool refuses();
  [[nodiscard]] bool has_body() const { return has_body_; }
  [[nodiscard]] std::optional<std::uint64_t> length() const { return length_; }
  [[nodiscard]] bool awaits_continue() const {
    return expects_continue_ && incoming_.empty() && !ended_;
  }
  Task<bool> send_continue();
  [[nodiscard]] std::unique_ptr<http::BodyReader> body();
  [[nodiscard]] loop::Unwatched run(Task<void> work) {
    served_.exchange().set_interim(this);
    return loop::Unwatched(std::move(work));
  }

  // For the connection: the index among its streams.
  std::size_t position = 0;

 private:
  class BodyStream;

  void send_interim(int status, const http::Headers& headers) override;

  // Has advance() be called once the session is not at work.
  void schedule();
  Task<void> serve();
  Task<Result<std::string_view>> read_body();
  Task<void> send_stream(http::BodyReader& reader);
  void wait_for_client();
  void give_up(http::Cause cause, std::string tag);
  [[nodiscard]] bool holds_too_many_heads() const;
  void refuse_stream(observe::Limit limit);
  void charge_incoming() { incoming_memory_.set(incoming_.capacity() + reading_.capacity()); }
  [[nodiscard]] http::Refusal final_outcome();
  void record(http::Refusal end);
  void discard(std::size_t bytes);

  H2Context& connection_;
  ServedExchange served_;

  // The request.
  std::optional<std::uint64_t> length_;
  int refusal_ = 0;
  std::string reason_;  // why the request was refused, or the stream reset
  bool expects_continue_ = false;
  bool head_complete_ = false;
  bool ended_ = false;
  bool has_body_ = false;         // the head did not end the stream
  std::string incoming_;          // bytes that the reader has not asked for; the window bounds them
  std::string reading_;           // bytes passed to the reader
  MemoryCharge incoming_memory_;  // of both buffers
  std::unique_ptr<http::Headers> trailers_;
  loop::Event body_ready_;  // more of the body, its end, or its timeout
  Progress body_progress_{Duration::zero()};
  TimePoint body_due_ = TimePoint::max();
  bool body_timed_out_ = false;

  // The response.
  std::string_view unsent_;  // of the content, or of its current piece
  bool last_piece_ = false;
  const http::Headers* trailers_out_ = nullptr;
  std::unique_ptr<http::Headers> streamed_trailers_;
  bool responding_ = false;
  std::size_t interim_bytes_ = 0;
  loop::Event sent_;  // the current piece was sent
  Progress sent_progress_{Duration::zero()};
  TimePoint sent_due_ = TimePoint::max();

  // The end.
  bool scheduled_ = false;  // advance() will be called
  bool early_end_ = false;
  TimePoint stop_due_ = TimePoint::max();  // after an early end
  std::size_t discarded_ = 0;
  bool recorded_ = false;
  bool started_ = false;
  bool closed_ = false;
  bool by_client_ = false;
  bool given_up_ = false;
  http::Cause cut_ = http::Cause::none;  // why it was given up
  bool cut_off_ = false;                 // the client ended its side within the request
  http::h2::ErrorCode code_ = http::h2::ErrorCode::no_error;

  Task<void> task_;  // last: destroyed first
};

}  // namespace sluice::server
