// SPDX-License-Identifier: Apache-2.0
#include "config/source_text.h"

#include <optional>

#include "base/text.h"
#include "base/utf8.h"

namespace sluice::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
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

}  // namespace

std::string at_position(std::size_t line, std::size_t column, std::string_view reason) {
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " +
         std::string(reason);
}

Error error_at(std::string_view text, std::size_t at, std::string_view reason) {
  std::size_t line = 1;
  std::size_t line_start = 0;
  for (std::size_t i = 0; i < at; ++i) {
    if (text[i] != '\n') continue;
    ++line;
    line_start = i + 1;
  }
  return {ErrorKind::invalid, at_position(line, at - line_start + 1, reason), {}};
}

Result<std::string> prepare_source(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  SLUICE_CHECK(check_bytes(text));
  return looks_like_json(text) ? join_surrogates(text) : std::string(text);
}

}  // namespace sluice::config
