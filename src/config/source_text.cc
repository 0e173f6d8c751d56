// SPDX-License-Identifier: Apache-2.0
#include "config/source_text.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/utf8.h"

namespace sluice::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kLine = "line ";
constexpr std::string_view kColumn = ", column ";
constexpr std::size_t kExcerptBefore = 80;  // bytes of a line, before the column and behind it
constexpr std::size_t kExcerptBehind = 40;
constexpr std::size_t kEscapeSize = 6;  // \uXXXX

bool is_forbidden(char32_t c) {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

std::unexpected<Error> fail_at(std::string_view text, std::size_t at, std::string_view reason) {
  return std::unexpected(error_at(text, at, reason));
}

Result<void> check_bytes(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Char next = first_utf8_char(text.substr(at));
    if (!next.valid) return fail_at(text, at, "the text is not UTF-8");
    if (is_forbidden(next.value)) {
      return fail_at(text, at, "control characters must be escaped, as in \"\\x04\"");
    }
    at += next.size;
  }
  return {};
}

// The value of \uXXXX at `at`.
std::optional<unsigned> unicode_escape(std::string_view text, std::size_t at) {
  if (at + kEscapeSize > text.size() || text.substr(at, 2) != "\\u") return std::nullopt;
  return to_number<unsigned>(text.substr(at + 2, kEscapeSize - 2), 16);
}

std::optional<char32_t> surrogate_pair(std::string_view text, std::size_t at) {
  const auto high = unicode_escape(text, at);
  const auto low = unicode_escape(text, at + kEscapeSize);
  return high && low ? join_surrogates(*high, *low) : std::nullopt;
}

// In JSON a backslash stands in strings only, so they need not be told from other text.
std::string join_surrogates(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    if (const auto code_point = surrogate_pair(json, at)) {
      out += "\\U";
      append_hex(out, *code_point, 8);
      at += 2 * kEscapeSize;
      continue;
    }
    const std::size_t size = json[at] == '\\' ? 2 : 1;
    out += json.substr(at, size);
    at += size;
  }
  return out;
}

bool looks_like_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && (text[first] == '{' || text[first] == '[');
}

// True behind the first byte of a character.
bool is_inside_char(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

struct Position {
  std::size_t line = 0;  // both count from 1
  std::size_t column = 0;
};

// Of a message of error_at().
std::optional<Position> position_of(std::string_view message) {
  if (!message.starts_with(kLine)) return std::nullopt;
  message.remove_prefix(kLine.size());
  const auto line = to_number<unsigned>(message.substr(0, message.find(kColumn)));
  message.remove_prefix(std::min(message.find(kColumn), message.size() - kColumn.size()) +
                        kColumn.size());
  const auto column = to_number<unsigned>(message.substr(0, message.find(':')));
  if (!line || !column || *line == 0 || *column == 0) return std::nullopt;
  return Position{*line, *column};
}

}  // namespace

Error error_at(std::string_view text, std::size_t at, std::string_view reason) {
  std::size_t line = 1;
  std::size_t line_start = 0;
  for (std::size_t i = 0; i < at; ++i) {
    if (text[i] != '\n') continue;
    ++line;
    line_start = i + 1;
  }
  std::string message(kLine);
  message += std::to_string(line);
  message += kColumn;
  message += std::to_string(at - line_start + 1) + ": ";
  message += reason;
  return {ErrorKind::invalid, std::move(message), {}};
}

std::vector<std::string> excerpt(std::string_view text, const Error& error) {
  const auto position = position_of(error.message);
  if (!position) return {};
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (std::size_t line = 1; line < position->line && !text.empty(); ++line)
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  std::string_view line = first_line(text);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t column = std::min(position->column - 1, line.size());
  std::size_t from = column - std::min(column, kExcerptBefore);
  while (from < column && is_inside_char(line[from])) ++from;
  std::string caret;
  for (const char c : line.substr(from, column - from)) {
    if (!is_inside_char(c)) caret += c == '\t' ? '\t' : ' ';
  }
  return {std::string(utf8_prefix(line.substr(from), column - from + kExcerptBehind)), caret + "^"};
}

Result<std::string> prepare_source(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  SLUICE_CHECK(check_bytes(text));
  return looks_like_json(text) ? join_surrogates(text) : std::string(text);
}

}  // namespace sluice::config
