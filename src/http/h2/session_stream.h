// SPDX-License-Identifier: Apache-2.0
// The two sides that the owner of a Session gives it: each stream, and the connection. Session says
// when their functions are called.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "http/h2/request_head.h"
#include "http/message.h"

namespace sluice::http::h2 {

using StreamId = std::int32_t;

// RFC 9113 section 7.
enum class ErrorCode : std::uint32_t {
  no_error = 0x0,
  protocol_error = 0x1,
  internal_error = 0x2,
  flow_control_error = 0x3,
  settings_timeout = 0x4,
  stream_closed = 0x5,
  frame_size_error = 0x6,
  refused_stream = 0x7,
  cancel = 0x8,
  compression_error = 0x9,
  connect_error = 0xa,
  enhance_your_calm = 0xb,
  inadequate_security = 0xc,
  http_1_1_required = 0xd,
};

// A stream, as its owner sees it.
class SessionStream {
 public:
  SessionStream() = default;
  SessionStream(const SessionStream&) = delete;
  SessionStream& operator=(const SessionStream&) = delete;
  virtual ~SessionStream() = default;

  // The request to be filled; its head is complete with on_head().
  virtual Request& request() = 0;
  // `head` is valid during the call. `ended`: nothing follows.
  virtual void on_head(const RequestHead& head, bool ended) = 0;
  // Bytes of the content; they count as unread until consume().
  virtual void on_data(std::string_view bytes) = 0;
  // What followed the content, before on_end().
  virtual void on_trailers(std::unique_ptr<Headers> trailers) = 0;
  // The request is complete.
  virtual void on_end() = 0;
  // The response is sent before the request is complete: once the client had time to read it, the
  // owner asks it to stop, by reset() with NO_ERROR (RFC 9113 section 8.1).
  virtual void on_early_end() = 0;
  // Both sides are done, or one of them has reset the stream: `by_client`, or for what the client
  // did wrong (last_fault()), or by reset(). The last call for this stream.
  virtual void on_close(ErrorCode code, bool by_client) = 0;

  // What there is to send of the content, and whether that is all of it. Nothing, and not all: the
  // stream rests until resume().
  struct Offer {
    std::size_t size;
    bool all;
  };
  virtual Offer offer() = 0;
  // The next `size` bytes of what was offered; they are copied at once.
  virtual std::string_view take(std::size_t size) = 0;
  // Asked for when all content has been: what follows it; null: nothing.
  virtual const Headers* trailers() = 0;

  StreamId id = 0;
  std::uint64_t bytes_received = 0;  // frames of the request
  std::uint64_t bytes_sent = 0;      // and of the response
};

class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  // A client opens a stream. It must live until its on_close(), or as long as the Session.
  virtual SessionStream& on_stream() = 0;
  // The answer to ping().
  virtual void on_pong() = 0;
};

}  // namespace sluice::http::h2
