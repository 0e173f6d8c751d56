// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"

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

void append_printable(std::string& out, std::string_view text, Lines lines) {
  while (!text.empty()) {
    const auto plain = std::ranges::find_if_not(text, is_plain) - text.begin();
    out += text.substr(0, static_cast<std::size_t>(plain));
    text.remove_prefix(static_cast<std::size_t>(plain));
    if (text.empty()) return;
    const char c = text.front();
    const Utf8Char next = first_utf8_char(text);
    const bool layout = c == '\n' || c == '\t';
    if ((next.size > 1 && !is_obeyed(next.value)) || (layout && lines == Lines::many)) {
      out += text.substr(0, next.size);
    } else if (c == '\n') {
      out += "\\n";
    } else {
      for (const char octet : text.substr(0, next.size)) append_hex_escape(out, octet);
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
