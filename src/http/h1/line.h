// SPDX-License-Identifier: Apache-2.0
// Lines of a head, of chunk sizes and of trailers, from bytes that come in pieces.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::http::h1 {

// Why a message is refused; `reason` is a literal. Status 0: nothing is wrong.
struct Fault {
  int status = 0;
  std::string_view reason{};
  explicit operator bool() const { return status != 0; }
};

class LineReader {
 public:
  enum class Found { line, need_more, too_long, bad_end };

  // Looks for a line at the start of `input`, of at most `bytes_max` with its CRLF. A bare LF is
  // `bad_end` (RFC 9112 section 2.2). What comes of given bytes does not depend on how they were
  // cut; after need_more the next input must begin with the same bytes, which are not read again.
  Found next(std::string_view input, std::size_t bytes_max);
  // Valid after `line`: without CRLF; a part of the input. It takes line().size() + 2 bytes.
  [[nodiscard]] std::string_view line() const { return line_; }
  void reset() { scanned_ = 0; }

 private:
  std::string_view line_;
  std::size_t scanned_ = 0;
};

// Takes `name: value` apart (RFC 9112 section 5); views into `line`.
struct FieldLine {
  std::string_view name;
  std::string_view value;
  bool spaced = false;  // there was white space before the colon
};
// RFC 9112 section 5.1: a request with white space before a colon is refused, in a response it is
// dropped.
enum class SpaceBeforeColon { refuse, drop };
[[nodiscard]] Fault parse_field_line(std::string_view line, FieldLine& field,
                                     SpaceBeforeColon space = SpaceBeforeColon::refuse);

}  // namespace sluice::http::h1
