// SPDX-License-Identifier: Apache-2.0
#include "egctl/live_text.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace sluice::egctl {
namespace {

std::string printed(const char* format, double value) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

}  // namespace

std::string short_number(double value) {
  const double size = std::abs(value);
  if (size >= 100 || value == std::trunc(value)) return printed("%.0f", value);
  return printed(size < 10 ? "%.2f" : "%.1f", value);
}

std::string short_duration(double seconds) {
  if (seconds == 0) return "";
  return seconds < 1 ? short_number(seconds * 1e3) + "ms" : short_number(seconds) + "s";
}

std::string short_bytes(double bytes) {
  constexpr std::array kUnits{"B", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return printed(unit == 0 ? "%.0f" : "%.1f", bytes) + " " + kUnits[unit];
}

std::string time_of_day(std::int64_t time) {
  constexpr std::int64_t kDay = 24 * 60 * 60;
  const std::int64_t seconds = time / 1000 % kDay;
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d:%02d", static_cast<int>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  return text.data();
}

}  // namespace sluice::egctl
