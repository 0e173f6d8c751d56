// SPDX-License-Identifier: Apache-2.0
// Input: the bytes of a client that are not consumed yet, as requests one after the other. It reads
// no socket: the connection fills it. Core-bound.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "http/h1/request_parser.h"
#include "http/message.h"
#include "server/read_buffer.h"

namespace sluice::admin {

class Input {
 public:
  // Begins the next request, which parse() fills. Requires: `request` outlives it.
  void start(http::Request& request) {
    parser_.start(request);
    finished_ = true;
    broken_ = false;
  }
  // Parses what was read. See RequestParser::parse().
  http::h1::RequestParser::ParseResult parse() {
    const auto progress = parser_.parse(unread());
    bytes_.consume(progress.consumed);
    using http::h1::ParseState;
    if (progress.state == ParseState::head) finished_ = !parser_.has_body();
    if (progress.state == ParseState::done) finished_ = true;
    if (progress.state == ParseState::refused) broken_ = true;
    return progress;
  }
  [[nodiscard]] const http::h1::RequestParser& parser() const { return parser_; }

  [[nodiscard]] std::string_view unread() const { return bytes_.unread(); }
  // Returns room for `size` bytes behind the unread ones. Invalidates unread().
  [[nodiscard]] std::span<char> room(std::size_t size) { return bytes_.room(size).first(size); }
  void filled(std::size_t count) { bytes_.filled(count); }
  void drop() { bytes_.consume(unread().size()); }

  // True if the whole request was read.
  [[nodiscard]] bool finished() const { return finished_; }
  // True if no request can follow.
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  http::h1::RequestParser parser_;
  server::ReadBuffer bytes_;
  bool finished_ = true;
  bool broken_ = false;
};

}  // namespace sluice::admin
