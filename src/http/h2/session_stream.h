// SPDX-License-Identifier: Apache-2.0
// The interfaces that the owner of a Session implements: one for each stream, and one for the
// connection. Session documents when the functions are called.
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

  // The request to fill. Its head is complete with on_head().
  virtual Request& request() = 0;
  // `head` is valid during the call. `ended`: no content follows.
  virtual void on_head(const RequestHead& head, bool ended) = 0;
  // Receives bytes of the content. They count as unread until consume().
  virtual void on_data(std::string_view bytes) = 0;
  // Receives the trailers, before on_end().
  virtual void on_trailers(std::unique_ptr<Headers> trailers) = 0;
  // The request is complete.
  virtual void on_end() = 0;
  // The response was sent before the request is complete. Once the client had time to read it, the
  // owner stops the client by reset() with NO_ERROR (RFC 9113 section 8.1).
  virtual void on_early_end() = 0;
  // Both sides have ended, or the stream was reset: by the client (`by_client`), for a fault of the
  // client (Session::fault_of()), or by reset(). The last call for this stream.
  virtual void on_close(ErrorCode code, bool by_client) = 0;

  // The content that can be sent now, and whether it is the last. Empty and not the last: the
  // stream pauses until resume().
  struct Offer {
    std::size_t size;
    bool all;
  };
  virtual Offer offer() = 0;
  // Returns the next `size` bytes of the offer; they are copied at once.
  virtual std::string_view take(std::size_t size) = 0;
  // Returns the trailers; null: none. Called after the last of the content.
  virtual const Headers* trailers() = 0;

  StreamId id = 0;
  std::uint64_t bytes_received = 0;  // frames of the request
  std::uint64_t bytes_sent = 0;      // and of the response
};

class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  // A client opens a stream. Requires: the result lives until its on_close(), or as long as the
  // Session.
  virtual SessionStream& on_stream() = 0;
  // The client has answered a ping().
  virtual void on_pong() = 0;
};

}  // namespace sluice::http::h2
