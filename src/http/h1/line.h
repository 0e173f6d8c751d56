// SPDX-License-Identifier: Apache-2.0
// Reads the lines of a head, of chunk sizes and of trailers from bytes that arrive in pieces.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::http::h1 {

// Why a message is refused; `reason` is a literal. Status 0: no fault.
struct Fault {
  int status = 0;
  std::string_view reason{};
  explicit operator bool() const { return status != 0; }
};

class LineReader {
 public:
  enum class LineStatus { line, need_more, too_long, bad_end };

  // Looks for a line of at most `bytes_max`, with its CRLF, at the start of `input`. A bare LF is
  // `bad_end` (RFC 9112 section 2.2). The result does not depend on the cut of the bytes. Requires:
  // after need_more, the next input begins with the same bytes; they are not read again.
  LineStatus next(std::string_view input, std::size_t bytes_max);
  // Returns the line without CRLF, a part of the input. It takes line().size() + 2 bytes. Requires:
  // next() has returned `line`.
  [[nodiscard]] std::string_view line() const { return line_; }
  void reset() { scanned_ = 0; }

 private:
  std::string_view line_;
  std::size_t scanned_ = 0;
};

// Splits `name: value` (RFC 9112 section 5) into views of `line`.
struct FieldLine {
  std::string_view name;
  std::string_view value;
  bool spaced = false;  // white space precedes the colon
};
// RFC 9112 section 5.1: white space before a colon makes a request invalid. In a response, it is
// dropped.
enum class SpaceBeforeColon { refuse, drop };
// `field` is valid if there is no fault.
[[nodiscard]] Fault parse_field_line(std::string_view line, FieldLine& field,
                                     SpaceBeforeColon space = SpaceBeforeColon::refuse);

}  // namespace sluice::http::h1
