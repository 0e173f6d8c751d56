// SPDX-License-Identifier: Apache-2.0
// The client's side of an HTTP/2 connection (RFC 9113) without sockets: takes bytes and reports
// events, takes messages and produces bytes. nghttp2 implements the protocol. Core-bound.
//
// Events are called from inside receive() and produce(). Requires: an event does not call this
// session. It only records what happened; the owner acts afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/destination.h"
#include "http/h2/session.h"
#include "http/message.h"

namespace sluice::http::h2 {

// The limits of a server.
struct ClientLimits {
  std::uint32_t header_list_bytes_max = 64 * 1024;  // per response; beyond, the stream is reset
  std::uint32_t fields_max = 200;                   // likewise
  std::int32_t stream_window_bytes = 64 * 1024;     // unread content per stream
  std::int32_t connection_window_bytes = 1024 * 1024;
  std::uint32_t concurrent_streams_max = 1000;  // that we open, even if the server allows more
};

// A request and its response, as their owner sees them.
class ClientStream {
 public:
  ClientStream() = default;
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;
  virtual ~ClientStream() = default;

  // The response to fill. Its head is complete with on_head(), or with on_interim() if it is an
  // interim one, which the next response replaces. The fields lack Content-Length.
  virtual Response& response() = 0;
  virtual void on_interim() {}
  // `ended`: no content follows.
  virtual void on_head(std::optional<std::uint64_t> content_length, bool ended) = 0;
  // Receives bytes of the content. They count as unread until consume().
  virtual void on_data(std::string_view bytes) = 0;
  // Receives the trailers, before on_end().
  virtual void on_trailers(std::unique_ptr<Headers> trailers) = 0;
  virtual void on_end() = 0;
  // The last call for this stream. `refused_stream`: the server has not processed the request.
  virtual void on_close(ErrorCode code) = 0;

  // Offers the request's content, as SessionStream::offer() does.
  virtual SessionStream::Offer offer() = 0;
  virtual std::string_view take(std::size_t size) = 0;
  virtual const Headers* trailers() = 0;
};

class ClientSession {
 public:
  // Sends the preface and our SETTINGS first.
  explicit ClientSession(const ClientLimits& limits = {});
  ~ClientSession();
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  // Takes the server's bytes, cut anywhere. Ignores them once the session has failed.
  void receive(std::string_view bytes);
  // Appends output until `out` has about `enough` bytes or no output is left.
  void produce(std::string& out, std::size_t enough);

  // True if another stream can be opened now.
  [[nodiscard]] bool accepts() const;
  // True once the server's SETTINGS have arrived (RFC 9113 section 3.4).
  [[nodiscard]] bool settled() const;
  // The most streams that may be open at once; a guess before settled().
  [[nodiscard]] std::uint32_t streams_max() const;
  // Sends the head to the backend at `to`. If there is content, the session asks for it by offer()
  // and take(). Hop-by-hop fields are left out. Requires: `stream` lives until its on_close(), or
  // until forget(). Returns 0 if no stream can be opened.
  [[nodiscard]] StreamId open(ClientStream& stream, const Request& request, const Destination& to,
                              bool secure, bool with_content);
  // The stream has more to offer().
  void resume(StreamId id);
  void reset(StreamId id, ErrorCode code);
  // Ends the events of a stream that is about to be destroyed.
  void forget(StreamId id);
  // Marks bytes of on_data() as read: the server may send as many more.
  void consume(StreamId id, std::size_t bytes);
  // Raises the unread content that this stream may have to `bytes`, beyond the limits.
  void widen(StreamId id, std::int32_t bytes);
  // Sends a PING, which the server answers (RFC 9113 section 6.7): the answer is a sign of life and
  // no event.
  void ping();
  // Ends the session with GOAWAY.
  void shut_down();

  // The number of open streams.
  [[nodiscard]] std::size_t streams() const;
  // True if the connection can be closed once everything produced is sent.
  [[nodiscard]] bool finished() const;
  // The error code of the server's last GOAWAY; no_error: none was received.
  [[nodiscard]] ErrorCode goaway() const;
  // Why the session failed; "" if it has not.
  [[nodiscard]] std::string_view failure() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::http::h2
