// SPDX-License-Identifier: Apache-2.0
// The small operations on text that all folders share: character classes, trimming, numbers, hex
// and escapes. They know ASCII only, whatever the locale. UTF-8 is in base/utf8.h, addresses are in
// base/host_port.h. Any thread.
//
// A folder that needs one of these calls it, and adds a missing one here: `make house` counts
// copies elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
[[nodiscard]] constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
[[nodiscard]] constexpr bool is_alpha(char c) { return is_lower(c) || is_upper(c); }
[[nodiscard]] constexpr bool is_alphanumeric(char c) { return is_digit(c) || is_alpha(c); }
// Space, tab, CR, LF: the white space of JSON and YAML.
[[nodiscard]] constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

[[nodiscard]] constexpr char to_lower(char c) {
  return is_upper(c) ? static_cast<char>(c | 0x20) : c;
}
[[nodiscard]] std::string lower_case(std::string_view text);

// Removes the spaces and tabs around the text (OWS, RFC 9110 section 5.6.3).
[[nodiscard]] constexpr std::string_view trim_ows(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Removes the white space around the text, line ends included: see is_space().
[[nodiscard]] constexpr std::string_view trim_space(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Removes the double quotes around the text, if it has both.
[[nodiscard]] constexpr std::string_view unquote(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// The text up to its first line feed.
[[nodiscard]] constexpr std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

// Takes the text up to the next `separator` off `list`, and the separator with it.
[[nodiscard]] constexpr std::string_view take_until(std::string_view& list, char separator) {
  const std::size_t end = list.find(separator);
  const std::string_view item = list.substr(0, end);
  list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
  return item;
}

// Returns the number if the whole text is one: digits of `base`, in either case, after a minus sign
// if Number is signed. Returns nullopt for any other character (a plus sign, a space), for no
// digit, and for a number that Number cannot hold. Number: int, unsigned, std::uint16_t,
// std::int64_t or std::uint64_t.
template <class Number>
[[nodiscard]] std::optional<Number> to_number(std::string_view text, int base = 10);

// Returns 0..15, or -1 if `c` is not a hex digit.
[[nodiscard]] constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}
// Appends the last `digits` hex digits of `value`, in lower case.
void append_hex(std::string& out, std::uint64_t value, int digits);
// Lower case, two digits for each byte.
[[nodiscard]] std::string hex_encode(std::string_view bytes);
// Returns nullopt unless the text is pairs of hex digits, in either case.
[[nodiscard]] std::optional<std::string> hex_decode(std::string_view text);

// Appends "\xNN", in lower case.
void append_hex_escape(std::string& out, char octet);
// Appends "%NN", in upper case (RFC 3986 section 2.1).
void append_percent_encoded(std::string& out, char octet);

}  // namespace sluice
