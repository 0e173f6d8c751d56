// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <array>

namespace sluice {
namespace {

// True for C1 control characters, and for characters that a terminal or an editor interprets
// instead of showing.
bool is_obeyed(char32_t c) {
  return (c >= 0x80 && c < 0xa0) || c == 0x061c || (c >= 0x200e && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

bool is_plain(char c) { return c >= 0x20 && c < 0x7f; }

}  // namespace

Utf8Char first_utf8_char(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = octet(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  char32_t value = lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((octet(i) & 0xc0U) != 0x80) return {};
    value = value << 6 | (octet(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kSmallest[size] || value > 0x10ffff || surrogate) return {};
  return {value, size, true};
}

void append_hex_escape(std::string& out, unsigned char octet) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\x";
  out += kHex[octet >> 4];
  out += kHex[octet & 15];
}

void append_printable(std::string& out, std::string_view text, Lines lines) {
  while (!text.empty()) {
    const char c = text.front();
    const Utf8Char next = first_utf8_char(text);
    const bool layout = c == '\n' || c == '\t';
    if (is_plain(c) || (next.size > 1 && !is_obeyed(next.value)) ||
        (layout && lines == Lines::many)) {
      out += text.substr(0, next.size);
    } else if (c == '\n') {
      out += "\\n";
    } else {
      for (const char each : text.substr(0, next.size))
        append_hex_escape(out, static_cast<unsigned char>(each));
    }
    text.remove_prefix(next.size);
  }
}

std::string printable(std::string_view text, Lines lines) {
  std::string out;
  out.reserve(text.size());
  append_printable(out, text, lines);
  return out;
}

}  // namespace sluice
