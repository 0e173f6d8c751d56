// SPDX-License-Identifier: Apache-2.0
// Escapes external text for a log line or a terminal. The result cannot end the line, move the
// cursor, or reverse the text beside it. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

// The character at the front of `text`. Requires: `text` is not empty. If the front is not UTF-8
// (RFC 3629), the character has one octet and `valid` is false.
struct Utf8Char {
  char32_t value = 0;
  std::size_t size = 1;
  bool valid = false;
};
[[nodiscard]] Utf8Char first_utf8_char(std::string_view text);

// Appends "\xNN".
void append_hex_escape(std::string& out, unsigned char octet);

enum class Lines { one, many };

// Appends `text` with escapes: control characters (C0, DEL, C1), octets that are not UTF-8, and the
// marks of line ends and of writing direction become \xNN for each octet, and line feeds become
// . Lines::many keeps line feeds and tabs.
void append_printable(std::string& out, std::string_view text, Lines lines = Lines::one);
[[nodiscard]] std::string printable(std::string_view text, Lines lines = Lines::one);

}  // namespace sluice
