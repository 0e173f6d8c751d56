// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/numbers.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/text.h"

namespace sluice::filters {
namespace {

struct Digits {
  std::string_view text;
  int base;
  bool prefixed;
};

Digits strip_base(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return {text, 10, false};
  switch (text[1]) {
    case 'x':
    case 'X':
      return {text.substr(2), 16, true};
    case 'o':
    case 'O':
      return {text.substr(2), 8, true};
    case 'b':
    case 'B':
      return {text.substr(2), 2, true};
    default:
      return {text.substr(1), 8, true};
  }
}

// Accepts a single '_' after the prefix and between digits.
std::optional<std::string> without_underscores(const Digits& digits) {
  std::string out;
  bool digit_before = digits.prefixed;
  for (const char c : digits.text) {
    if (c == '_') {
      if (!digit_before || !digits.prefixed) return std::nullopt;
      digit_before = false;
    } else {
      out += c;
      digit_before = true;
    }
  }
  if (!digit_before || out.empty()) return std::nullopt;
  return out;
}

std::optional<std::uint64_t> parse_magnitude(std::string_view text) {
  const Digits digits = strip_base(text);
  const auto plain = without_underscores(digits);
  return plain ? to_number<std::uint64_t>(*plain, digits.base) : std::nullopt;
}

}  // namespace

std::int64_t parse_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto magnitude = parse_magnitude(text);
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (!magnitude || *magnitude > kMax + (negative ? 1 : 0)) return 0;
  return static_cast<std::int64_t>(negative ? 0 - *magnitude : *magnitude);
}

double parse_float(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return 0;
  }
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size()) return 0;
  return value;
}

std::string format_float(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general).ptr;
  return std::string(buffer, end);
}

}  // namespace sluice::filters
