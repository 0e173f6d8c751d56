// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 responses of backends from bytes (RFC 9112). No sockets.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/h1/request_parser.h"
#include "http/interim.h"
#include "http/message.h"

namespace sluice::http::h1 {

// The limits of a head and its interim responses together.
struct ResponseLimits {
  std::uint32_t head_bytes_max = 64 * 1024;
  std::uint32_t fields_max = 200;
};

// The server's announcement about the connection: `Keep-Alive: timeout=5, max=99`.
struct KeepAlive {
  std::optional<std::uint32_t> timeout;  // seconds until it closes
  std::optional<std::uint32_t> max;      // further requests that it accepts
};

class ResponseParser {
 public:
  explicit ResponseParser(ResponseLimits limits = {});
  ~ResponseParser();
  ResponseParser(ResponseParser&&) noexcept;
  ResponseParser& operator=(ResponseParser&&) noexcept;

  // Begins the response to a request of `method` (HEAD and CONNECT change the framing). Interim
  // responses go to `interim`, which may be null, except for 101: the bytes after it are not HTTP,
  // and form its body. `response` and `interim` must outlive the parse. The response's headers lack
  // Content-Length, Transfer-Encoding, Connection and the fields that Connection names.
  void start(Response& response, std::string_view method, InterimSink* interim = nullptr);

  using ParseResult = RequestParser::ParseResult;
  // As RequestParser::parse(). An interim response is passed on and gives no result.
  [[nodiscard]] ParseResult parse(std::string_view input);
  // The backend closed: returns done if the framing allows it (no length given), else refused.
  [[nodiscard]] ParseState parse_eof();

  // Same as RequestParser::take_trailers(). Requires: `done` was returned.
  [[nodiscard]] std::unique_ptr<Headers> take_trailers();

  // Valid from `head` on.
  [[nodiscard]] bool has_body() const;
  // The announced length, even if no body follows (HEAD, 304); nullopt: chunked, until close, or
  // none announced.
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;
  // True if the connection may carry another response once this one is done.
  [[nodiscard]] bool keep_alive() const;
  // The Keep-Alive field of this response.
  [[nodiscard]] const KeepAlive& kept_for() const;
  [[nodiscard]] const std::string& error() const;  // after `refused`

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::http::h1
