// SPDX-License-Identifier: Apache-2.0
// Input: the bytes of a client that are not consumed yet, as requests one after the other. It reads
// no socket: the connection fills it. Core-bound.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "http/h1/request_parser.h"
#include "http/message.h"

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
  http::h1::RequestParser::Progress parse() {
    const auto progress = parser_.parse(unread());
    begin_ += progress.consumed;
    using http::h1::ParseState;
    if (progress.state == ParseState::head) finished_ = !parser_.has_body();
    if (progress.state == ParseState::done) finished_ = true;
    if (progress.state == ParseState::refused) broken_ = true;
    return progress;
  }
  [[nodiscard]] const http::h1::RequestParser& parser() const { return parser_; }

  [[nodiscard]] std::string_view unread() const { return {bytes_.data() + begin_, end_ - begin_}; }
  // Returns room for `size` bytes behind the unread ones. Invalidates unread().
  [[nodiscard]] std::span<char> room(std::size_t size) {
    if (begin_ > 0) {
      std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(begin_),
                bytes_.begin() + static_cast<std::ptrdiff_t>(end_), bytes_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    if (bytes_.size() < end_ + size) bytes_.resize(end_ + size);
    return {bytes_.data() + end_, size};
  }
  void filled(std::size_t count) { end_ += count; }
  void drop() { begin_ = end_ = 0; }

  // True if the whole request was read.
  [[nodiscard]] bool finished() const { return finished_; }
  // True if no request can follow.
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  http::h1::RequestParser parser_;
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool finished_ = true;
  bool broken_ = false;
};

}  // namespace sluice::admin
