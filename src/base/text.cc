// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

constexpr std::string_view kLowerDigits = "0123456789abcdef";
constexpr std::string_view kUpperDigits = "0123456789ABCDEF";

void append_octet(std::string& out, char octet, std::string_view digits) {
  const auto byte = static_cast<unsigned char>(octet);
  out.push_back(digits[byte >> 4]);
  out.push_back(digits[byte & 15]);
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return to_lower(c); });
  return out;
}

template <class Number>
std::optional<Number> to_number(std::string_view text, int base) {
  Number value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, base);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

template std::optional<int> to_number(std::string_view, int);
template std::optional<unsigned> to_number(std::string_view, int);
template std::optional<std::uint16_t> to_number(std::string_view, int);
template std::optional<std::int64_t> to_number(std::string_view, int);
template std::optional<std::uint64_t> to_number(std::string_view, int);

void append_hex(std::string& out, std::uint64_t value, int digits) {
  std::size_t at = out.size() + static_cast<std::size_t>(digits);
  out.resize(at);
  for (; digits > 0; --digits, value >>= 4) out[--at] = kLowerDigits[value & 15];
}

std::string hex_encode(std::string_view bytes) {
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) append_octet(out, c, kLowerDigits);
  return out;
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

void append_hex_escape(std::string& out, char octet) {
  out += "\\x";
  append_octet(out, octet, kLowerDigits);
}

void append_percent_encoded(std::string& out, char octet) {
  out.push_back('%');
  append_octet(out, octet, kUpperDigits);
}

}  // namespace sluice
