// SPDX-License-Identifier: Apache-2.0
// The client's side of an HTTP/2 connection (RFC 9113), without sockets: bytes in, events; messages
// in, bytes out. The protocol itself is nghttp2's. Core-bound.
//
// Events come from inside receive() and produce(). They must not call this session, and should do
// little: note what happened, and act afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/h2/session.h"
#include "http/message.h"

namespace sluice::http::h2 {

// What a server may take of us.
struct ClientLimits {
  std::uint32_t header_list_bytes_max = 64 * 1024;  // of a response; beyond, the stream is reset
  std::uint32_t fields_max = 200;                   // likewise
  std::int32_t stream_window_bytes = 64 * 1024;     // content that waits to be read, per stream
  std::int32_t connection_window_bytes = 1024 * 1024;
  std::uint32_t concurrent_streams_max = 1000;  // that we open, whatever the server would allow
};

// A request and its response, as their owner sees them.
class ClientStream {
 public:
  ClientStream() = default;
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;
  virtual ~ClientStream() = default;

  // The response to be filled; its head is complete with on_head(), or with on_interim() if it is
  // an interim one, which the next replaces. The fields lack Content-Length.
  virtual Response& response() = 0;
  virtual void on_interim() {}
  // `ended`: nothing follows.
  virtual void on_head(std::optional<std::uint64_t> content_length, bool ended) = 0;
  // Bytes of the content; they count as unread until consume().
  virtual void on_data(std::string_view bytes) = 0;
  // What followed the content, before on_end().
  virtual void on_trailers(std::unique_ptr<Headers> trailers) = 0;
  virtual void on_end() = 0;
  // The last call for this stream. `refused_stream`: the server has not looked at the request.
  virtual void on_close(ErrorCode code) = 0;

  // Of the request's content; as of SessionStream.
  virtual SessionStream::Offer offer() = 0;
  virtual std::string_view take(std::size_t size) = 0;
  virtual const Headers* trailers() = 0;
};

class ClientSession {
 public:
  // Sends the preface and our SETTINGS first of all.
  explicit ClientSession(const ClientLimits& limits = {});
  ~ClientSession();
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  // What the server sent, cut anywhere. Nothing comes of it once the session has failed.
  void receive(std::string_view bytes);
  // Appends to `out` until there are about `enough` bytes in it or nothing is left to say.
  void produce(std::string& out, std::size_t enough);

  // Another stream can be opened now.
  [[nodiscard]] bool accepts() const;
  // The server has said what it allows: its SETTINGS have come (RFC 9113 section 3.4).
  [[nodiscard]] bool settled() const;
  // How many streams may be open at a time; a guess before settled().
  [[nodiscard]] std::uint32_t streams_max() const;
  // Sends the head; the content is asked for by offer() and take() if there is any. `host`: for
  // :authority. Hop-by-hop fields are left out. `stream` must live until its on_close(), or until
  // forget(). 0 if no stream can be opened.
  [[nodiscard]] StreamId open(ClientStream& stream, const Request& request, std::string_view host,
                              bool secure, bool with_content);
  // There is more to offer().
  void resume(StreamId id);
  void reset(StreamId id, ErrorCode code);
  // No more events for this stream, which is about to go away.
  void forget(StreamId id);
  // Bytes of on_data() have been dealt with: the server may send as many more.
  void consume(StreamId id, std::size_t bytes);
  // From now on `bytes` of this stream may wait to be read, more than the limits say.
  void widen(StreamId id, std::int32_t bytes);
  // Ends the session with GOAWAY.
  void shut_down();

  // Streams that are open.
  [[nodiscard]] std::size_t streams() const;
  // The connection can be closed once everything produced is sent.
  [[nodiscard]] bool finished() const;
  // The error code of the server's last GOAWAY; no_error: none has come.
  [[nodiscard]] ErrorCode goaway() const;
  // Why it failed; "" as long as it has not.
  [[nodiscard]] std::string_view failure() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::http::h2
