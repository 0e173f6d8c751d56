// SPDX-License-Identifier: Apache-2.0
#include "config/core_schema.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace sluice::config {
namespace {

bool has_sign(std::string_view text) { return text.starts_with('-') || text.starts_with('+'); }

struct Digits {
  std::string_view text;  // without sign and prefix
  int base = 10;
  bool negative = false;
};

Digits split_integer(std::string_view text) {
  if (text.starts_with("0x")) return {text.substr(2), 16, false};
  if (text.starts_with("0o")) return {text.substr(2), 8, false};
  const bool negative = text.starts_with('-');
  return {has_sign(text) ? text.substr(1) : text, 10, negative};
}

bool are_digits(const Digits& digits) {
  const auto is_of_base = [&](char c) {
    if (digits.base == 16) return hex_value(c) >= 0;
    return c >= '0' && c < '0' + digits.base;
  };
  return !digits.text.empty() && std::ranges::all_of(digits.text, is_of_base);
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view text) {
  if (has_sign(text)) text.remove_prefix(1);
  const auto skip_digits = [&] {
    const std::size_t before = text.size();
    while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
    return before - text.size();
  };
  const std::size_t whole = skip_digits();
  std::size_t fraction = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = skip_digits();
  }
  if (whole + fraction == 0) return false;
  if (!text.starts_with('e') && !text.starts_with('E')) return text.empty();
  text.remove_prefix(1);
  if (has_sign(text)) text.remove_prefix(1);
  return skip_digits() > 0 && text.empty();
}

}  // namespace

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

bool is_integer(std::string_view text) {
  const Digits digits = split_integer(text);
  if (!are_digits(digits)) return false;
  return digits.base != 10 || digits.text.size() == 1 || digits.text.front() != '0';
}

std::optional<std::uint64_t> parse_uint64(std::string_view text) {
  const Digits digits = split_integer(text);
  if (!is_integer(text) || digits.negative) return std::nullopt;
  return to_number<std::uint64_t>(digits.text, digits.base);
}

std::optional<std::int64_t> parse_int64(std::string_view text) {
  if (!is_integer(text)) return std::nullopt;
  const Digits digits = split_integer(text);
  // With its minus sign, so that the smallest number fits.
  return to_number<std::int64_t>(digits.negative ? text : digits.text, digits.base);
}

std::optional<double> parse_double(std::string_view text) {
  if (const auto whole = parse_int64(text)) return static_cast<double>(*whole);
  if (!is_float(text) || are_digits(split_integer(text)) != is_integer(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace sluice::config
