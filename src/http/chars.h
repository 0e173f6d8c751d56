// SPDX-License-Identifier: Apache-2.0
// Character classes of HTTP and URIs, as tables built by the compiler.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::http {

using CharTable = std::array<bool, 256>;

consteval CharTable make_table(std::string_view also, bool alphanumeric = true) {
  CharTable table{};
  for (const char c : also) table[static_cast<unsigned char>(c)] = true;
  for (int c = 0; alphanumeric && c < 128; ++c) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) table[c] = true;
  }
  return table;
}

consteval CharTable make_target_table() {
  CharTable table{};
  for (int c = 0x21; c < 256; ++c) table[c] = c != 0x7f && c != '#';
  return table;
}

inline constexpr CharTable kTokenChars = make_table("!#$%&'*+-.^_`|~");    // RFC 9110 5.6.2
inline constexpr CharTable kPathChars = make_table("-._~!$&'()*+,;=:@/");  // RFC 3986 3.3
inline constexpr CharTable kHostChars = make_table("-._~");     // RFC 3986 3.2.2 without the exotic
inline constexpr CharTable kTargetChars = make_target_table();  // visible, or above ASCII; not '#'

[[nodiscard]] constexpr bool is_in(const CharTable& table, char c) {
  return table[static_cast<unsigned char>(c)];
}

[[nodiscard]] constexpr bool all_in(const CharTable& table, std::string_view text) {
  for (const char c : text) {
    if (!is_in(table, c)) return false;
  }
  return true;
}

[[nodiscard]] constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Returns 0..15, or -1 if `c` is not a hex digit.
[[nodiscard]] constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Removes the spaces and tabs around the text (OWS, RFC 9110 section 5.6.3).
[[nodiscard]] constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the text up to the next `separator` off `list`.
[[nodiscard]] constexpr std::string_view take_until(std::string_view& list, char separator) {
  const std::size_t end = list.find(separator);
  const std::string_view item = list.substr(0, end);
  list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
  return item;
}

}  // namespace sluice::http
