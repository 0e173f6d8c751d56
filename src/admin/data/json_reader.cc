// SPDX-License-Identifier: Apache-2.0
#include "admin/data/json_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "admin/data/slow_entries.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"

namespace sluice::admin {
namespace {

// The position after its closing quote; npos if it has none.
std::size_t string_end(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// Decodes a string in quotes.
bool decode_string(std::string_view token, std::string& out) {
  const std::string_view inside = token.substr(1, token.size() - 2);
  const bool simple = std::ranges::all_of(
      inside, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '\\'; });
  if (simple) {
    out = inside;
    return is_utf8(inside);
  }
  Json value = Json::parse(token, nullptr, false);
  if (value.is_string()) out = std::move(value.get_ref<std::string&>());
  return value.is_string();
}

bool decode_value(std::string_view token, std::string& out) {
  if (token.starts_with('"')) {
    return string_end(token) == token.size() && decode_string(token, out);
  }
  if (token != "true" && token != "false") {
    const bool number =
        !token.empty() && token.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
    if (!number || !Json::accept(token)) return false;
  }
  out = token;
  return true;
}

bool parse_json_entry(std::string_view text, store::Entry& out) {
  if (!text.starts_with('"')) return false;
  const std::size_t end = string_end(text);
  if (end == std::string_view::npos || !decode_string(text.substr(0, end), out.key)) return false;
  const std::string_view rest = trim_space(text.substr(end));
  return rest.starts_with(':') && decode_value(trim_space(rest.substr(1)), out.value);
}

}  // namespace

Result<void> JsonReader::feed(std::string_view piece) {
  for (const char c : piece) {
    SLUICE_CHECK(take(c));
    if (c == '\n') ++line_;
  }
  return {};
}

Result<void> JsonReader::finish() {
  if (state_ == State::behind) return {};
  return at_line(line_, "the data ends in the middle: a } is missing");
}

Result<void> JsonReader::take(char c) {
  if (state_ == State::inside) return take_inside(c);
  if (is_space(c)) return {};
  if (state_ == State::behind) return at_line(line_, "the data has ended with } before this");
  state_ = State::inside;
  return {};
}

// In YAML, a quote in the middle of plain text has no meaning.
bool JsonReader::begins_token() const {
  return std::string_view("{[,:").find(before_) != std::string_view::npos;
}

Result<void> JsonReader::take_inside(char c) {
  if (quote_ != 0) {
    const bool closes = c == quote_ && !escaped_;
    escaped_ = quote_ == '"' && c == '\\' && !escaped_;
    if (closes) quote_ = 0;
  } else if ((c == '"' || c == '\'') && begins_token()) {
    quote_ = c;
  } else if (c == '{' || c == '[') {
    ++depth_;
  } else if (depth_ > 0 && (c == '}' || c == ']')) {
    --depth_;
  } else if (depth_ == 0 && (c == ',' || c == '}')) {
    before_ = c;
    return end_entry(c == '}');
  }
  if (!is_space(c)) before_ = c;
  if (text_.empty() && is_space(c)) return {};
  if (text_.empty()) entry_line_ = line_;
  text_ += c;
  return text_.size() <= kEntryBytesMax ? Result<void>() : entry_too_large(entry_line_);
}

Result<void> JsonReader::end_entry(bool last) {
  if (last) state_ = State::behind;
  const std::string_view text = trim_space(text_);
  if (text.empty()) return last ? Result<void>() : at_line(line_, "an entry is missing before ,");
  if (!parse_json_entry(text, entry_)) {
    SLUICE_CHECK(parse_slow_entries("{" + text_ + "}", entry_line_, add_));
  } else if (const auto added = add_(entry_.key, entry_.value); !added) {
    return at_line(entry_line_, added.error());
  }
  text_.clear();
  return {};
}

}  // namespace sluice::admin
