// SPDX-License-Identifier: Apache-2.0
// Parses HTTP/1.1 requests from bytes (RFC 9112). No sockets: the connection feeds bytes. Strict:
// input that two parsers could read differently is refused (the .cc lists it, with the sections),
// so that no request can be smuggled past or through.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace sluice::http::h1 {

struct RequestLimits {
  std::uint32_t head_bytes_max = 64 * 1024;  // request line and all fields
  std::uint32_t target_bytes_max = 16 * 1024;
  std::uint32_t fields_max = 200;
};

// Why a request is refused, and the status to answer before the connection is closed.
struct Refusal {
  int status = 400;    // 400, 414, 417, 431, 501 (CONNECT, transfer codings), 505
  std::string reason;  // for the log
};

enum class ParseState {
  need_more,  // give more bytes
  head,       // the head is complete: request() is filled, body follows if has_body()
  body,       // bytes of the body were produced
  done,       // the message is complete
  refused,    // see refusal(); read no more from this connection
};

class RequestParser {
 public:
  explicit RequestParser(RequestLimits limits = {});
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  // Begins the next message. `request` is cleared, and filled while parsing; it must outlive this.
  // Its scheme stays empty unless the target has one: the connection sets it. request.headers has
  // the received fields except Host and those that Connection names: these concern this hop, and
  // must not remove a field that is added later (RFC 9110 section 7.6.1).
  void start(Request& request);

  struct ParseResult {
    ParseState state;
    std::size_t consumed;     // consumed bytes of `input`
    std::string_view body{};  // for ParseState::body: decoded body bytes, a part of `input`
  };
  // Parses more input. Call it again with the rest of the input until it returns need_more, done or
  // refused. After need_more, the next input begins with the bytes that were not consumed. The
  // result does not depend on the cut of the bytes, and the work is linear for any cut. After
  // `head`, body bytes are only in `body` results: no byte of the body is buffered here. `done`
  // follows `head` even without a body.
  [[nodiscard]] ParseResult parse(std::string_view input);

  // Returns the trailers (RFC 9112 section 7.1.2), without fields that must not be trailers or
  // concern this hop; null: none. Requires: `done` was returned.
  [[nodiscard]] std::unique_ptr<Headers> take_trailers();

  // Valid from `head` on.
  [[nodiscard]] bool has_body() const;
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;  // nullopt: chunked
  // Returns the requested protocols: Upgrade if Connection names it (RFC 9110 7.8), or "".
  [[nodiscard]] std::string_view upgrade() const;
  // True if the connection may carry another request (version, Connection header). False once
  // refused.
  [[nodiscard]] bool keep_alive() const;
  // The client waits for 100 Continue before it sends the body.
  [[nodiscard]] bool expects_continue() const;
  [[nodiscard]] const Refusal& refusal() const;
  // False before the first byte of a message: the connection is idle and may be closed silently.
  [[nodiscard]] bool started() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::http::h1
