// SPDX-License-Identifier: Apache-2.0
#include "config/emit.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::config {
namespace {

constexpr std::size_t kSimpleKeyBytesMax = 500;  // YAML allows 1024 characters, quotes included
constexpr char32_t kReplacement = 0xfffd;

struct CodePoint {
  char32_t value;
  std::size_t bytes;
};

// The code point at the beginning of `text`; one byte and U+FFFD if that is not UTF-8.
CodePoint decode_utf8(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {kReplacement, 1};
  char32_t value = lead & (0xffu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0u) != 0x80) return {kReplacement, 1};
    value = (value << 6) | (next & 0x3fu);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kSmallest[bytes] || value > 0x10ffff || surrogate) return {kReplacement, 1};
  return {value, bytes};
}

// True for what a reader would not see, or would take for the end of a line.
bool needs_escape(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
         c == 0xfffe || c == 0xffff;
}

std::string escape(char32_t c) {
  switch (c) {
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    default:
      break;
  }
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), c < 0x100 ? "\\x%02x" : "\\u%04x",
                static_cast<unsigned>(c));
  return text.data();
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_word_of_yaml(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  static constexpr std::array<std::string_view, 9> kWords{"true", "false", "null", "yes", "no",
                                                          "on",   "off",   "y",    "n"};
  return std::ranges::find(kWords, lower) != kWords.end();
}

// Integers, floats, dates, times and sexagesimals, and what only looks like them.
bool may_be_number(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0o")) return true;
  return std::ranges::all_of(text, [](char c) {
    return is_digit(c) || std::string_view("eExXoO+-._:TZ").find(c) != std::string_view::npos;
  });
}

bool is_plain_character(std::string_view text, std::size_t i) {
  const char c = text[i];
  if (is_letter(c) || is_digit(c)) return true;
  if (c == ' ') return text[i + 1] != ' ' && text[i + 1] != '#';
  if (c == ':') return i + 1 < text.size() && text[i + 1] != ' ';
  return std::string_view("_-./+@%()=~^$;<>?!&*|").find(c) != std::string_view::npos;
}

bool is_plain(std::string_view text) {
  if (text.empty() || text.size() > 1024 || text.back() == ' ') return false;
  const char first = text[0];
  if (!is_letter(first) && !is_digit(first) && first != '/' && first != '_') return false;
  if (is_word_of_yaml(text) || (is_digit(first) && may_be_number(text))) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_plain_character(text, i)) return false;
  }
  return true;
}

// True if `text` may stand as a literal block: several lines, all of them printable.
bool is_block(std::string_view text) {
  const std::size_t first_end = text.find('\n');
  if (first_end == std::string_view::npos || first_end == 0 || first_end + 1 == text.size()) {
    return false;
  }
  if (text[0] == ' ' || text.ends_with("\n\n") || text.ends_with(' ')) return false;
  for (std::size_t i = 0; i < text.size();) {
    const auto [c, bytes] = decode_utf8(text.substr(i));
    if (c != '\n' && (needs_escape(c) || c == kReplacement)) return false;
    if (c == ' ' && i + 1 < text.size() && text[i + 1] == '\n') return false;
    i += bytes;
  }
  return true;
}

class Emitter {
 public:
  // The value after `key:` or at the top; ends its line.
  void member(const Json& value, int indent) {
    if (value.is_object() && !value.empty()) {
      out_ += '\n';
      map(value, indent + 2);
    } else if (value.is_array() && !value.empty()) {
      out_ += '\n';
      list(value, indent);
    } else {
      out_ += ' ';
      scalar(value, indent + 2);
    }
  }
  void top(const Json& value, int indent) {
    if (value.is_object() && !value.empty()) return map(value, indent);
    if (value.is_array() && !value.empty()) return list(value, indent);
    pad(indent);
    scalar(value, indent + 2);
  }
  std::string take() { return std::move(out_); }

 private:
  void pad(int indent) { out_.append(static_cast<std::size_t>(indent), ' '); }

  void map(const Json& value, int indent, bool first_in_place = false) {
    for (const auto& [key, item] : value.items()) {
      if (!std::exchange(first_in_place, false)) pad(indent);
      out_ += key_at(key, indent);
      member(item, indent);
    }
  }
  static std::string key_at(const std::string& key, int indent) {
    std::string text = yaml_key(key);
    if (text.ends_with("\n:")) text.insert(text.size() - 1, static_cast<std::size_t>(indent), ' ');
    return text;
  }

  void list(const Json& value, int indent, bool first_in_place = false) {
    for (const Json& item : value) {
      if (!std::exchange(first_in_place, false)) pad(indent);
      out_ += "- ";
      if (item.is_object() && !item.empty()) {
        map(item, indent + 2, true);
      } else if (item.is_array() && !item.empty()) {
        list(item, indent + 2, true);
      } else {
        scalar(item, indent + 2);
      }
    }
  }

  void scalar(const Json& value, int indent) {
    if (!value.is_string()) {
      out_ += value.dump() + "\n";
      return;
    }
    const auto& text = value.get_ref<const std::string&>();
    if (is_block(text)) return block(text, indent);
    out_ += yaml_scalar(text) + "\n";
  }

  void block(std::string_view text, int indent) {
    out_ += text.ends_with('\n') ? "|\n" : "|-\n";
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      if (end > 0) pad(indent);
      out_ += text.substr(0, end);
      out_ += '\n';
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  std::string out_;
};

}  // namespace

std::string emit_yaml(const Json& value, int indent) {
  Emitter emitter;
  emitter.top(value, indent);
  return emitter.take();
}

std::string yaml_scalar(std::string_view text) {
  return is_plain(text) ? std::string(text) : yaml_quoted(text);
}

std::string yaml_quoted(std::string_view text) {
  std::string out = "\"";
  out.reserve(text.size() + 2);
  while (!text.empty()) {
    const auto [c, bytes] = decode_utf8(text);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (needs_escape(c)) {
      out += escape(c);
    } else if (c == kReplacement) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return out += '"';
}

std::string yaml_key(std::string_view text) {
  std::string key = yaml_scalar(text);
  if (key.size() <= kSimpleKeyBytesMax) return key += ':';
  return "? " + key + "\n:";
}

}  // namespace sluice::config
