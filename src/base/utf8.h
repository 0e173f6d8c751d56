// SPDX-License-Identifier: Apache-2.0
// UTF-8 (RFC 3629: no overlong forms, no surrogates), and its conversion from UTF-16. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// The character at the front of `text`. Requires: `text` is not empty. If the front is not UTF-8,
// the character has one octet and `valid` is false.
struct Utf8Char {
  char32_t value = 0;
  std::size_t size = 1;
  bool valid = false;
};
[[nodiscard]] Utf8Char first_utf8_char(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

// Returns the longest prefix of at most `size` bytes that does not end within a character.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t size);

// Requires: `c` is at most U+10FFFF and no surrogate.
void append_utf8(std::string& out, char32_t c);

// A half of a character of UTF-16.
[[nodiscard]] constexpr bool is_surrogate(char32_t c) { return c >= 0xd800 && c <= 0xdfff; }
// Returns the character of two halves; nullopt if they are no high and low half.
[[nodiscard]] std::optional<char32_t> join_surrogates(char32_t high, char32_t low);

// Converts UTF-16, the lower byte of each unit first. A half without its other half becomes U+FFFD.
// A last single byte is ignored.
[[nodiscard]] std::string utf16_to_utf8(std::string_view bytes);

// Finds an ASCII character in an overlong form, which RFC 3629 section 3 forbids and some decoders
// accept. Returns the length of the form at the front of `text`, and sets `c` to its character;
// returns 0 if there is none. Requires: `text` is not empty.
[[nodiscard]] std::size_t overlong_ascii(std::string_view text, char& c);

}  // namespace sluice
