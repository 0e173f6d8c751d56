// SPDX-License-Identifier: Apache-2.0
// The server's side of an HTTP/2 connection (RFC 9113) without sockets: takes bytes and reports
// events, takes messages and produces bytes. nghttp2 implements the protocol. This class adds
// limits, flood protection, the handling of frames on closed streams, and the meaning of messages.
// Core-bound.
//
// Events are called from inside receive() and produce(). Requires: an event does not call these
// two. It only records what happened; the owner acts afterwards. All other functions may be called
// at any time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/page_pool.h"
#include "http/h2/session_limits.h"
#include "http/h2/session_stream.h"
#include "http/message.h"

namespace sluice::http::h2 {

// The first bytes of every client (RFC 9113 section 3.4).
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct SessionState;

class Session {
 public:
  // Sends our SETTINGS first. `pool` may be null: then rest() gives back less. Requires: `owner`
  // and `pool` outlive this.
  Session(SessionOwner& owner, const SessionLimits& limits, PagePool* pool = nullptr);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Takes the client's bytes from the preface on, cut anywhere. Ignores them once the session has
  // failed.
  void receive(std::string_view bytes);
  // Appends output until `out` has about `enough` bytes or no output is left.
  void produce(std::string& out, std::size_t enough);

  // Sends an interim response (RFC 9110 section 15.2), 100 Continue or one with fields. Leaves out
  // fields of the connection. Requires: called before submit_response().
  void submit_interim(StreamId id, int status, const Headers& headers = {});
  // Sends the response's head. If there is content, the session asks for it by offer() and take().
  void submit_response(StreamId id, const Response& response, bool with_content,
                       std::string_view date);
  // The stream has more to offer().
  void resume(StreamId id);
  // Resets the stream (RST_STREAM). Its on_close() follows.
  void reset(StreamId id, ErrorCode code);
  // The next reset is not the client's fault, though it looks like it.
  void pardon_reset();
  // Marks bytes of on_data() as read: the client may send as many more.
  void consume(StreamId id, std::size_t bytes);
  // Like consume(), for a closed stream.
  void consume_closed(std::size_t bytes);

  // Sends a PING; on_pong() follows.
  void ping();
  // A graceful end in two steps (section 6.8): announce_shutdown() asks for no more streams, and
  // shut_down(), some time later, refuses later ones.
  void announce_shutdown();
  void shut_down();
  // Ends the session at once, with GOAWAY. `reason` is for the log.
  void fail(ErrorCode code, const char* reason);

  // Gives back the memory that only traffic needs; the next traffic allocates it again. Requires:
  // no stream is open.
  void rest();

  // True if the session has ended: the connection can be closed once everything produced is sent.
  [[nodiscard]] bool finished() const;
  // Why the session failed; "" if it has not.
  [[nodiscard]] std::string_view failure() const;
  // Why the session has ended as malformed, by failure() or by nghttp2; "": it has not.
  [[nodiscard]] std::string_view protocol_error() const;
  // Why a malformed stream, which ends with `code`, was refused: at most 200 bytes, without values
  // of fields.
  [[nodiscard]] std::string fault_of(StreamId id, ErrorCode code) const;
  // The number of frames waiting to be produced, content aside.
  [[nodiscard]] std::size_t waiting_frames() const;
  // The stream whose head is incomplete; -1 for the preface with its SETTINGS, 0 for none.
  [[nodiscard]] StreamId open_head() const;

 private:
  std::unique_ptr<SessionState> state_;
};

}  // namespace sluice::http::h2
