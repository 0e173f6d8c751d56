// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

namespace sluice {
namespace {

constexpr std::string_view kLowerDigits = "0123456789abcdef";
constexpr std::string_view kUpperDigits = "0123456789ABCDEF";

void append_octet(std::string& out, char octet, std::string_view digits) {
  const auto byte = static_cast<unsigned char>(octet);
  out.push_back(digits[byte >> 4]);
  out.push_back(digits[byte & 15]);
}

// The eight hex digits of `value`, one in each octet, the first digit in the lowest.
std::uint64_t hex_digits(std::uint32_t value) {
  std::uint64_t spread = std::byteswap(value);
  spread = (spread | spread << 16) & 0x0000ffff0000ffff;
  spread = (spread | spread << 8) & 0x00ff00ff00ff00ff;
  spread = (spread >> 4 & 0x000f000f000f000f) | (spread << 8 & 0x0f000f000f000f00);
  const std::uint64_t letters = (spread + 0x0606060606060606) >> 4 & 0x0101010101010101;
  return spread + 0x3030303030303030 + letters * ('a' - '0' - 10);
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
  constexpr int kAll = 16;
  const std::array<std::uint64_t, 2> all = {hex_digits(static_cast<std::uint32_t>(value >> 32)),
                                            hex_digits(static_cast<std::uint32_t>(value))};
  std::array<char, kAll> text;
  std::memcpy(text.data(), all.data(), text.size());
  out.append(text.data() + kAll - digits, static_cast<std::size_t>(digits));
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
