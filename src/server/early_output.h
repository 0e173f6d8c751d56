// SPDX-License-Identifier: Apache-2.0
// EarlyOutput: what goes to the client of an HTTP/1 connection while its response is still being
// made: interim responses, and questions. It never waits for the client, and writes while nobody
// else does: await finish() before more of the response is written. Core-bound.
//
// A client that has ended its side (FIN, close_notify) may wait for the response, or may have
// closed for good; TCP tells the two apart only once it is sent something. So it is sent bytes of
// the response that are known before the rest: one that waits reads them where they belong, one
// that has gone resets the connection.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/interim.h"
#include "loop/task.h"
#include "net/stream.h"

namespace sluice::server {

class EarlyOutput final : public http::InterimSink {
 public:
  // `stream` outlives it.
  explicit EarlyOutput(net::Stream& stream) : stream_(stream) {}

  // The work for a request begins. `takes_interim`: its client knows interim responses. `patience`:
  // how long the client may take for what is sent.
  void open(bool takes_interim, Duration patience);
  void send_interim(int status, const http::Headers& headers) override;
  // Which bytes are known.
  enum class Question {
    none,
    status_line,  // how every response begins
    chunk,        // how every chunk may begin
  };
  void ask(Question question);
  // Takes off the head of a response what ask() has sent of it.
  void trim(std::string& head);
  // Nothing more is taken.
  void close() { takes_interim_ = false; }
  // After close(): true once all of it has left; false if it cannot.
  Task<bool> finish();
  // Of the request: bytes that were sent.
  [[nodiscard]] std::size_t sent() const { return sent_; }

 private:
  void write(std::string_view bytes);
  Task<void> write_all();

  net::Stream& stream_;
  Duration patience_{};
  std::size_t sent_ = 0;
  std::size_t ahead_ = 0;  // of the next head, bytes that were sent
  std::string waiting_;    // while a write is under way
  std::string at_hand_;    // of that write
  bool takes_interim_ = false;
  bool broken_ = false;
  Task<void> writing_;  // goes first
};

}  // namespace sluice::server
