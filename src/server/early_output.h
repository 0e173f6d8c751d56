// SPDX-License-Identifier: Apache-2.0
// EarlyOutput: bytes that go to the client of an HTTP/1 connection while its response is still
// being made: interim responses and questions. It never waits for the client. It is the only writer
// of the stream until finish(): await that before writing the response. Core-bound.
//
// A client that has ended its side (FIN, close_notify) may wait for the response, or may have
// closed for good. TCP tells the two apart only when we send something. A question sends bytes of
// the response that are known in advance: a waiting client reads them as part of the response, and
// a closed one resets the connection.
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
  // Requires: `stream` outlives this.
  explicit EarlyOutput(net::Stream& stream) : stream_(stream) {}

  // The work for a request begins. `takes_interim`: the client knows interim responses. `patience`:
  // how long the client may take to receive the bytes.
  void open(bool takes_interim, Duration patience);
  void send_interim(int status, const http::Headers& headers) override;
  // The bytes of the response that are known in advance.
  enum class Question {
    none,
    status_line,  // how every response begins
    chunk,        // how every chunk may begin
  };
  void ask(Question question);
  // Removes from the head of a response the bytes that ask() has sent of it.
  void trim(std::string& head);
  // Takes no further output.
  void close() { takes_interim_ = false; }
  // Requires: close() was called. Returns true once all output was sent; false if it cannot be.
  Task<bool> finish();
  // Returns the bytes sent for the current request.
  [[nodiscard]] std::size_t sent() const { return sent_; }

 private:
  void write(std::string_view bytes);
  Task<void> write_all();

  net::Stream& stream_;
  Duration patience_{};
  std::size_t sent_ = 0;
  std::size_t ahead_ = 0;  // bytes of the next head that were sent already
  std::string waiting_;    // output queued while a write is in progress
  std::string at_hand_;    // the bytes of that write
  bool takes_interim_ = false;
  bool broken_ = false;
  Task<void> writing_;  // last: destroyed first
};

}  // namespace sluice::server
