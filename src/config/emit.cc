// SPDX-License-Identifier: Apache-2.0
#include "config/emit.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace sluice::config {
namespace {

constexpr std::size_t kSimpleKeyBytesMax = 500;  // YAML allows 1024 characters, quotes included
constexpr char32_t kReplacement = 0xfffd;

// True for what a reader would not see, or would take for the end of a line.
bool needs_escape(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
         c == 0xfffe || c == 0xffff;
}

// True for the ASCII that a quoted scalar has as it is.
bool stays_in_quotes(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

void append_yaml_escape(std::string& out, char32_t c) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      break;
  }
  if (c < 0x100) return append_hex_escape(out, static_cast<char>(c));
  out += "\\u";
  append_hex(out, c, 4);
}

bool is_word_of_yaml(std::string_view text) {
  static constexpr std::array<std::string_view, 9> kWords{"true", "false", "null", "yes", "no",
                                                          "on",   "off",   "y",    "n"};
  return std::ranges::find(kWords, lower_case(text)) != kWords.end();
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
  if (is_alphanumeric(c)) return true;
  if (c == ' ') return text[i + 1] != ' ' && text[i + 1] != '#';
  if (c == ':') return i + 1 < text.size() && text[i + 1] != ' ';
  return std::string_view("_-./+@%()=~^$;<>?!&*|").find(c) != std::string_view::npos;
}

bool is_plain(std::string_view text) {
  if (text.empty() || text.size() > 1024 || text.back() == ' ') return false;
  const char first = text[0];
  if (!is_alphanumeric(first) && first != '/' && first != '_') return false;
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
    const Utf8Char c = first_utf8_char(text.substr(i));
    if (!c.valid || c.value == kReplacement) return false;
    if (c.value != '\n' && needs_escape(c.value)) return false;
    if (c.value == ' ' && i + 1 < text.size() && text[i + 1] == '\n') return false;
    i += c.size;
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
    const auto plain = std::ranges::find_if_not(text, stays_in_quotes) - text.begin();
    out += text.substr(0, static_cast<std::size_t>(plain));
    text.remove_prefix(static_cast<std::size_t>(plain));
    if (text.empty()) break;
    const Utf8Char c = first_utf8_char(text);
    if (c.value == '"' || c.value == '\\') {
      out += '\\';
      out += text.front();
    } else if (!c.valid) {
      append_utf8(out, kReplacement);
    } else if (needs_escape(c.value)) {
      append_yaml_escape(out, c.value);
    } else {
      out += text.substr(0, c.size);
    }
    text.remove_prefix(c.size);
  }
  return out += '"';
}

std::string yaml_key(std::string_view text) {
  std::string key = yaml_scalar(text);
  if (key.size() <= kSimpleKeyBytesMax) return key += ':';
  return "? " + key + "\n:";
}

}  // namespace sluice::config
