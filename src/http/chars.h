// SPDX-License-Identifier: Apache-2.0
// Character classes of HTTP and URIs, as tables built by the compiler.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/text.h"

namespace sluice::http {

using CharTable = std::array<bool, 256>;

consteval CharTable make_table(std::string_view also, bool alphanumeric = true) {
  CharTable table{};
  for (const char c : also) table[static_cast<unsigned char>(c)] = true;
  for (int c = 0; alphanumeric && c < 128; ++c) table[c] |= is_alphanumeric(static_cast<char>(c));
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
  bool all = true;  // to the end: one branch costs more than the rest of a short text
  for (const char c : text) all &= is_in(table, c);
  return all;
}

}  // namespace sluice::http
