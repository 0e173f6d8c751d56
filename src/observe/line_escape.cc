// SPDX-License-Identifier: Apache-2.0
#include "observe/line_escape.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"

namespace sluice::observe {
namespace {

constexpr std::string_view kMarks = "\"'`|;,])>}";

// A bracket that does not end the field: [::1]:80, ids[]=1.
bool stays_inside(std::string_view text) {
  return text.front() == ']' && text.size() > 1 && text[1] != ' ';
}

void append_unit(std::string& out, char32_t unit) {
  out += "\\u";
  append_hex(out, unit, 4);
}

void append_json_char(std::string& out, char32_t c) {
  if (c == '"' || c == '\\') {
    out += '\\';
    out += static_cast<char>(c);
  } else if (c < 0x10000) {
    append_unit(out, c);
  } else {
    append_unit(out, 0xd800 + ((c - 0x10000) >> 10));
    append_unit(out, 0xdc00 + ((c - 0x10000) & 0x3ff));
  }
}

}  // namespace

LineEscape LineEscape::json() {
  LineEscape escape = text("\"");
  escape.json_ = true;
  return escape;
}

LineEscape LineEscape::text(std::string_view literals) {
  LineEscape escape;
  for (unsigned c = 0; c < 256; ++c) escape.special_[c] = c < 0x20 || c >= 0x7f || c == '\\';
  for (const char c : literals) {
    if (kMarks.find(c) != kMarks.npos) escape.special_[static_cast<unsigned char>(c)] = true;
  }
  return escape;
}

void LineEscape::append(std::string& out, std::string_view text) const {
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && !special_[static_cast<unsigned char>(text[plain])]) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty()) append_special(out, text);
  }
}

// Removes the first character of `text`.
void LineEscape::append_special(std::string& out, std::string_view& text) const {
  const Utf8Char next = json_ ? first_utf8_char(text) : Utf8Char{};
  if (next.valid) {
    append_json_char(out, next.value);
  } else if (stays_inside(text)) {
    out += ']';
  } else {
    if (json_) out += '\\';
    append_hex_escape(out, text.front());
  }
  text.remove_prefix(next.size);
}

// A text that begins with a special character. Few do: they may cost more.
char* LineEscape::write_special(char* at, std::string_view text) const {
  std::string escaped;
  append(escaped, text);
  return std::ranges::copy(escaped, at).out;
}

}  // namespace sluice::observe
