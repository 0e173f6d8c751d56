// SPDX-License-Identifier: Apache-2.0
// H1Input: what comes from a client, as heads and bodies of one request after the other. Owns the
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
  // `memory`: what the connection holds. Both outlive this.
  H1Input(net::Stream& stream, MemoryHolder& memory)
      : stream_(stream), buffer_memory_(memory, MemoryUse::heads) {}

  // Begins the next request, which `request` is filled with.
  void start(http::Request& request);
  // True when its first bytes are there; false when the client left or was silent for `patience`.
  // A wait needs no more memory than this object: rest() may be called meanwhile.
  Task<bool> wait(Duration patience);
  // Gives the memory for a request back; between two requests, with no bytes there. wait() may be
  // pending.
  void rest() {
    buffer_.rest();
    buffer_memory_.clear();
  }
  [[nodiscard]] bool has_bytes() const { return !buffer_.unread().empty(); }
  [[nodiscard]] std::string_view unread() const { return buffer_.unread(); }
  // What is there begins with `text`, or is the beginning of it.
  [[nodiscard]] bool may_become(std::string_view text) const {
    return unread().starts_with(text.substr(0, unread().size()));
  }
  // Reads on until it is plain whether it begins with `text`. False also when nothing more comes.
  Task<bool> becomes(std::string_view text, Duration patience);

  enum class Head { complete, refused, ended, timed_out, no_memory };
  // `patience`: for the whole head.
  Task<Head> read_head(Duration patience);

  // After a complete head: how long every kProgressBytes of the body may take.
  void set_body_patience(Duration patience) { progress_ = Progress(patience); }
  // The body, to be read while it comes in. One reader at a time.
  [[nodiscard]] std::unique_ptr<http::BodyReader> body();
  // Reads on to the end of a body that nobody wanted, so that the connection can go on. False: it
  // cannot, for the client left, the framing is broken or there is too much of it.
  Task<bool> skip_body();
  // After an upgrade: the next bytes, valid until the next call; empty at the end.
  Task<Result<std::string_view>> read_upgraded(Duration patience);
  // After the last response: reads on and forgets, until the client has ended its side, is silent
  // for `patience`, or has had kLingerTimeMax or kLingerBytesMax. To close a socket with unread
  // bytes, or before further ones come, is to reset it, and the response might be lost on the way
  // (RFC 9112 section 9.6).
  Task<void> linger(Duration patience);
  // Everything of the request has been read.
  [[nodiscard]] bool finished() const { return finished_; }
  // There is no request after this one.
  [[nodiscard]] bool broken() const { return broken_; }

  // What followed the body, once that is read; null: nothing.
  [[nodiscard]] std::unique_ptr<http::Headers> take_trailers() { return parser_.take_trailers(); }

  [[nodiscard]] const http::h1::RequestParser& parser() const { return parser_; }
  // Bytes of the request so far, framing included.
  [[nodiscard]] std::uint64_t received() const { return received_; }

 private:
  std::span<char> room() override { return buffer_.first_room(); }
  class BodyStream;
  Task<Result<std::string_view>> read_body();
  Task<Result<std::size_t>> read_more();
  Task<Result<void>> read_more_body();
  http::h1::RequestParser::Progress parse();

  net::Stream& stream_;
  ReadBuffer buffer_;
  MemoryCharge buffer_memory_;  // of the large buffer
  http::h1::RequestParser parser_;
  Progress progress_{Duration::zero()};
  std::uint64_t received_ = 0;
  std::size_t lent_ = 0;  // of what is unread, by read_upgraded()
  bool finished_ = true;
  bool broken_ = false;
};

}  // namespace sluice::server
