// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/units.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace sluice::egctl::nginx {
namespace {

using Unit = std::pair<std::string_view, std::int64_t>;

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kDay = 24 * 3600 * kSecond;
constexpr int kNumberMax = 10'000'000;
// The longer name of those with one beginning is first.
constexpr std::array<Unit, 9> kTimes = {{{"ms", 1},
                                         {"y", 365 * kDay},
                                         {"M", 30 * kDay},
                                         {"w", 7 * kDay},
                                         {"d", kDay},
                                         {"h", 3600 * kSecond},
                                         {"m", 60 * kSecond},
                                         {"s", kSecond},
                                         {"", kSecond}}};

}  // namespace

std::optional<std::int64_t> size_of(std::string_view text) {
  std::int64_t unit = 1;
  if (!text.empty()) {
    const char last = to_lower(text.back());
    if (last == 'k') unit = std::int64_t{1} << 10;
    if (last == 'm') unit = std::int64_t{1} << 20;
    if (last == 'g') unit = std::int64_t{1} << 30;
    if (unit > 1) text.remove_suffix(1);
  }
  const auto number = to_number<int>(text);
  if (!number || *number < 0) return std::nullopt;
  return *number * unit;
}

std::string duration_of(std::int64_t milliseconds) {
  constexpr std::array<Unit, 3> kUnits = {
      {{"h", 3600 * kSecond}, {"m", 60 * kSecond}, {"s", kSecond}}};
  if (milliseconds == 0) return "0s";
  for (const auto& [name, unit] : kUnits) {
    if (milliseconds % unit == 0) return std::to_string(milliseconds / unit) + std::string(name);
  }
  return std::to_string(milliseconds) + "ms";
}

std::optional<std::int64_t> milliseconds_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    const auto number = to_number<int>(text.substr(0, digits));
    if (!number || *number > kNumberMax) return std::nullopt;
    text.remove_prefix(digits);
    for (const auto& [name, unit] : kTimes) {
      if (!text.starts_with(name) || (name.empty() && !text.empty())) continue;
      total += *number * unit;
      text.remove_prefix(name.size());
      break;
    }
    if (!text.empty() && !is_digit(text[0])) return std::nullopt;
    if (total > 100 * 365 * kDay) return std::nullopt;
  }
  return total;
}

}  // namespace sluice::egctl::nginx
