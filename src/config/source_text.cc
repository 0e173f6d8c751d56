// SPDX-License-Identifier: Apache-2.0
#include "config/source_text.h"

#include <charconv>
#include <cstdint>
#include <optional>

namespace sluice::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kEscapeSize = 6;  // \uXXXX

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

// Bytes of the UTF-8 sequence (RFC 3629) at `at`; 0 if there is none.
std::size_t sequence_size(std::string_view text, std::size_t at) {
  const std::uint8_t lead = byte_at(text, at);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte_at(text, at + i) & 0xc0) != 0x80) return 0;
  }
  const std::uint8_t second = byte_at(text, at + 1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool surrogate = lead == 0xed && second > 0x9f;
  const bool too_big = lead == 0xf4 && second > 0x8f;
  return overlong || surrogate || too_big ? 0 : size;
}

bool is_forbidden(std::uint8_t byte) {
  return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
}

std::unexpected<Error> fail_at(std::string_view text, std::size_t at, std::string_view reason) {
  return std::unexpected(error_at(text, at, reason));
}

Result<void> check_bytes(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = sequence_size(text, at);
    if (size == 0) return fail_at(text, at, "the text is not UTF-8");
    if (is_forbidden(byte_at(text, at))) {
      return fail_at(text, at, "control characters must be escaped, as in \"\\x04\"");
    }
    at += size;
  }
  return {};
}

// The value of \uXXXX at `at`.
std::optional<std::uint32_t> unicode_escape(std::string_view text, std::size_t at) {
  if (at + kEscapeSize > text.size() || text.substr(at, 2) != "\\u") return std::nullopt;
  std::uint32_t value = 0;
  const char* const end = text.data() + at + kEscapeSize;
  const auto [stop, error] = std::from_chars(text.data() + at + 2, end, value, 16);
  return error == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
}

std::optional<std::uint32_t> surrogate_pair(std::string_view text, std::size_t at) {
  const auto high = unicode_escape(text, at);
  const auto low = unicode_escape(text, at + kEscapeSize);
  if (!high || !low || (*high & 0xfc00) != 0xd800 || (*low & 0xfc00) != 0xdc00) {
    return std::nullopt;
  }
  return 0x10000 + ((*high & 0x3ff) << 10) + (*low & 0x3ff);
}

void append_yaml_escape(std::string& out, std::uint32_t code_point) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\U";
  for (int shift = 28; shift >= 0; shift -= 4) out += kHex[(code_point >> shift) & 15];
}

// In JSON a backslash stands in strings only, so they need not be told from other text.
std::string join_surrogates(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    if (const auto code_point = surrogate_pair(json, at)) {
      append_yaml_escape(out, *code_point);
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

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = sequence_size(text, at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

Result<std::string> prepare_source(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  SLUICE_CHECK(check_bytes(text));
  return looks_like_json(text) ? join_surrogates(text) : std::string(text);
}

}  // namespace sluice::config
