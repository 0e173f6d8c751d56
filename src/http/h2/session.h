// SPDX-License-Identifier: Apache-2.0
// The server's side of an HTTP/2 connection (RFC 9113), without sockets: bytes in, events; messages
// in, bytes out. The protocol itself is nghttp2's; limits, floods, frames on closed streams and
// the meaning of messages are looked at here. Core-bound.
//
// Events come from inside receive() and produce(). They must not call these two, and should do
// little: note what happened, and act afterwards. Everything else may be called at any time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/page_pool.h"
#include "http/h2/limits.h"
#include "http/h2/session_stream.h"
#include "http/message.h"

namespace sluice::http::h2 {

// The first bytes of a client (RFC 9113 section 3.4).
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct SessionState;

class Session {
 public:
  // `owner` outlives it, and so does `pool`, which may be null: then rest() has less to give back.
  // Sends our SETTINGS first of all.
  Session(SessionOwner& owner, const Limits& limits, PagePool* pool = nullptr);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // What the client sent, from the preface on, cut anywhere. Nothing comes of it once the session
  // has failed.
  void receive(std::string_view bytes);
  // Appends to `out` until there are about `enough` bytes in it or nothing is left to say.
  void produce(std::string& out, std::size_t enough);

  // An interim response (RFC 9110 section 15.2), before submit_response(): 100 Continue, or one
  // with fields; those that are the connection's business are left out.
  void submit_interim(StreamId id, int status, const Headers& headers = {});
  // The response's head; its content is asked for by offer() and take() if there is any.
  void submit_response(StreamId id, const Response& response, bool with_content,
                       std::string_view date);
  // There is more to offer().
  void resume(StreamId id);
  void reset(StreamId id, ErrorCode code);
  // The reset that follows is not the client's doing, though it looks like it.
  void pardon_reset();
  // Bytes of on_data() have been dealt with: the client may send as many more.
  void consume(StreamId id, std::size_t bytes);
  // The same for a stream that is closed.
  void consume_closed(std::size_t bytes);

  void ping();
  // The polite way to end (section 6.8): first "no more, please", and a while later "no more
  // since".
  void announce_shutdown();
  void shut_down();
  // Ends at once, with GOAWAY. `reason` is for the log.
  void fail(ErrorCode code, const char* reason);

  // Gives back the memory that only traffic needs; for a connection without streams. What comes or
  // goes takes it again.
  void rest();

  // Nothing more comes or goes: the connection can be closed once everything produced is sent.
  [[nodiscard]] bool finished() const;
  // Why it failed; "" as long as it has not.
  [[nodiscard]] std::string_view failure() const;
  // What made the last stream malformed.
  [[nodiscard]] std::string_view last_fault() const;
  // Frames that wait to be produced, content aside.
  [[nodiscard]] std::size_t waiting_frames() const;
  // The stream whose head has begun and is not complete; -1 for the preface with its SETTINGS, 0
  // for none.
  [[nodiscard]] StreamId open_head() const;

 private:
  std::unique_ptr<SessionState> state_;
};

}  // namespace sluice::http::h2
