// SPDX-License-Identifier: Apache-2.0
// Text from outside on its way to a line of a log or to a terminal. It must not end the line, move
// the cursor, or turn round what stands beside it. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

// The character at the front of `text`, which is not empty: of one octet, and no `valid`, where
// that is no UTF-8 (RFC 3629).
struct Utf8Char {
  char32_t value = 0;
  std::size_t size = 1;
  bool valid = false;
};
[[nodiscard]] Utf8Char first_utf8_char(std::string_view text);

// Appends "\xNN".
void append_hex_escape(std::string& out, unsigned char octet);

enum class Lines { one, many };

// Appends `text`, in which control characters (C0, DEL, C1), octets that are no UTF-8, and the
// marks of line ends and of writing direction are written as \xNN, octet by octet, and line feeds
// as \n. Lines::many leaves line feeds and tabs.
void append_printable(std::string& out, std::string_view text, Lines lines = Lines::one);
[[nodiscard]] std::string printable(std::string_view text, Lines lines = Lines::one);

}  // namespace sluice
