// SPDX-License-Identifier: Apache-2.0
#include "config/exact_number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/text.h"

namespace sluice::config {
namespace {

// 0.digits × 10^exponent, without zeros at both ends of the digits.
struct Decimal {
  std::string digits;
  std::int64_t exponent = 0;
  bool operator==(const Decimal&) const = default;
};

std::optional<std::int64_t> exponent_in(std::string_view text) {
  if (text.empty()) return 0;
  text.remove_prefix(1);  // e
  if (text.starts_with('+')) text.remove_prefix(1);
  return to_number<std::int64_t>(text);
}

std::optional<Decimal> decimal_of(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t end = std::min(text.find_first_of("eE"), text.size());
  const auto exponent = exponent_in(text.substr(end));
  text = text.substr(0, end);
  if (!exponent || text.find_first_not_of("0123456789.") != std::string_view::npos)
    return std::nullopt;
  const std::string_view whole = take_until(text, '.');
  Decimal decimal{std::string(whole) + std::string(text),
                  *exponent + static_cast<std::int64_t>(whole.size())};
  const std::size_t first = decimal.digits.find_first_not_of('0');
  if (first == std::string::npos) return Decimal();
  decimal.digits.erase(0, first);
  decimal.exponent -= static_cast<std::int64_t>(first);
  decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
  return decimal;
}

// A number with so many significant digits: "8.21916359e+02".
std::string with_digits(double number, std::size_t digits) {
  constexpr std::size_t kDigitsMax = 800;  // no double has more
  constexpr std::size_t kRest = 16;        // sign, point, exponent
  std::array<char, kDigitsMax + kRest> text{};
  const auto precision = static_cast<int>(std::clamp<std::size_t>(digits, 1, kDigitsMax) - 1);
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number,
                                 std::chars_format::scientific, precision);
  return {text.data(), end.ptr};
}

}  // namespace

bool keeps_value(std::string_view text, const Json& number) {
  if (!number.is_number_float()) return true;
  const auto before = decimal_of(text);
  return !before || before == decimal_of(with_digits(number.get<double>(), before->digits.size()));
}

}  // namespace sluice::config
