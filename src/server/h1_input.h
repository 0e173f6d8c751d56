// SPDX-License-Identifier: Apache-2.0
// H1Input: the bytes of a client, as heads and bodies of one request after the other. Owns the
// codec's reading side and the bytes not yet consumed. Core-bound.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/memory_budget.h"
#include "http/h1/request_parser.h"
#include "http/message.h"
#include "loop/task.h"
#include "net/stream.h"
#include "server/progress.h"
#include "server/read_buffer.h"

namespace sluice::server {

class H1Input : private net::Stream::Room {
 public:
  // `memory` is the connection's holder. Requires: `stream` and `memory` outlive this.
  H1Input(net::Stream& stream, MemoryHolder& memory)
      : stream_(stream), buffer_memory_(memory, MemoryUse::heads) {}

  // Begins the next request; the codec fills `request`.
  void start(http::Request& request);
  // Waits for its first bytes. Returns false if the client left or was silent for `patience`. The
  // wait needs no memory beside this object: rest() may be called meanwhile.
  Task<bool> wait(Duration patience);
  // Gives back the memory for a request. Requires: no request is in progress, and no bytes are
  // buffered. wait() may be pending.
  void rest() {
    buffer_.rest();
    buffer_memory_.clear();
  }
  // True if the last wait() ended because nothing came.
  [[nodiscard]] bool was_silent() const { return silent_; }
  [[nodiscard]] bool has_bytes() const { return !buffer_.unread().empty(); }
  [[nodiscard]] std::string_view unread() const { return buffer_.unread(); }
  // True if the buffered bytes begin with `text`, or are a beginning of it.
  [[nodiscard]] bool may_become(std::string_view text) const {
    return unread().starts_with(text.substr(0, unread().size()));
  }
  // Reads until it is certain whether the input begins with `text`. Returns false also if the input
  // ends first.
  Task<bool> becomes(std::string_view text, Duration patience);

  enum class Head { complete, refused, ended, timed_out, no_memory };
  // `patience`: for the whole head.
  Task<Head> read_head(Duration patience);

  // Requires: the head is complete. `patience`: the time for every kProgressBytes of the body.
  void set_body_patience(Duration patience) { progress_ = Progress(patience); }
  // Returns a reader of the body as it arrives. Requires: one reader at a time.
  [[nodiscard]] std::unique_ptr<http::BodyReader> body();
  // Reads the rest of an unread body, so that the connection can continue. Returns false if it
  // cannot: the client left, the framing is broken, or the rest is too large.
  Task<bool> skip_body();
  // After an upgrade: returns the next bytes, valid until the next call; empty at the end.
  Task<Result<std::string_view>> read_upgraded(Duration patience);
  // After the last response: reads and discards until the client ends its side, is silent for
  // `patience`, or reaches kLingerTimeMax or kLingerBytesMax. Closing a socket with unread bytes,
  // or before further bytes arrive, resets it, and the reset may destroy the response on its way
  // (RFC 9112 section 9.6).
  Task<void> linger(Duration patience);
  // True if the whole request was read.
  [[nodiscard]] bool finished() const { return finished_; }
  // True if no request can follow this one.
  [[nodiscard]] bool broken() const { return broken_; }

  // Returns the trailers after the body was read; null: there were none.
  [[nodiscard]] std::unique_ptr<http::Headers> take_trailers() { return parser_.take_trailers(); }

  [[nodiscard]] const http::h1::RequestParser& parser() const { return parser_; }
  // Returns the bytes of the request so far, framing included.
  [[nodiscard]] std::uint64_t received() const { return received_; }

 private:
  std::span<char> room() override { return buffer_.first_room(); }
  class BodyStream;
  Task<Result<std::string_view>> read_body();
  Task<Result<std::size_t>> read_more();
  Task<Result<void>> read_more_body();
  http::h1::RequestParser::ParseResult parse();

  net::Stream& stream_;
  ReadBuffer buffer_;
  MemoryCharge buffer_memory_;  // for the large buffer
  http::h1::RequestParser parser_;
  Progress progress_{Duration::zero()};
  std::uint64_t received_ = 0;
  std::size_t lent_ = 0;  // unread bytes that read_upgraded() has returned
  bool finished_ = true;
  bool broken_ = false;
  bool silent_ = false;
};

}  // namespace sluice::server
