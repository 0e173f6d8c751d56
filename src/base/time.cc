// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "base/text.h"

namespace sluice {
namespace {

struct TimeUnit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::array kTimeUnits{TimeUnit{"ns", 1},
                                TimeUnit{"us", 1'000},
                                TimeUnit{"\u00b5s", 1'000},
                                TimeUnit{"\u03bcs", 1'000},
                                TimeUnit{"ms", 1'000'000},
                                TimeUnit{"s", 1'000'000'000},
                                TimeUnit{"m", 60'000'000'000},
                                TimeUnit{"h", 3'600'000'000'000}};

// Takes digits and a fraction off the front of `text`; returns nullopt if there is no digit.
std::optional<long double> take_number(std::string_view& text) {
  long double value = 0;
  bool any = false;
  while (!text.empty() && is_digit(text.front())) {
    value = value * 10 + (text.front() - '0');
    text.remove_prefix(1);
    any = true;
  }
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    for (long double place = 0.1L; !text.empty() && is_digit(text.front()); place /= 10) {
      value += place * (text.front() - '0');
      text.remove_prefix(1);
      any = true;
    }
  }
  return any ? std::optional(value) : std::nullopt;
}

std::optional<std::int64_t> take_unit(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && text[length] != '.' && !is_digit(text[length])) ++length;
  for (const TimeUnit& unit : kTimeUnits) {
    if (text.substr(0, length) == unit.name) {
      text.remove_prefix(length);
      return unit.nanoseconds;
    }
  }
  return std::nullopt;
}

std::string trim_fraction(double value) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.9f", value);
  std::string text(buffer.data());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// 250 years. A Clock can represent 292.
constexpr long double kNanosecondsMax = 250.0L * 365.25L * 86'400e9L;

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return Duration{0};
  if (text.empty() || text.size() > 64) return std::nullopt;
  long double total = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const auto unit = take_unit(text);
    if (!unit) return std::nullopt;
    total += *number * static_cast<long double>(*unit);
  }
  if (total > kNanosecondsMax) return std::nullopt;
  const auto nanoseconds = static_cast<std::int64_t>(std::llround(total));
  return Duration{negative ? -nanoseconds : nanoseconds};
}

std::string format_duration(Duration value) {
  std::int64_t ns = value.count();
  if (ns == 0) return "0s";
  std::string out = ns < 0 ? "-" : "";
  if (ns < 0) ns = -ns;
  if (ns < 1'000) return out + std::to_string(ns) + "ns";
  if (ns < 1'000'000) return out + trim_fraction(static_cast<double>(ns) / 1e3) + "us";
  if (ns < 1'000'000'000) return out + trim_fraction(static_cast<double>(ns) / 1e6) + "ms";
  const std::int64_t hours = ns / 3'600'000'000'000;
  const std::int64_t minutes = ns / 60'000'000'000 % 60;
  const std::int64_t rest = ns % 60'000'000'000;
  if (hours > 0) out += std::to_string(hours) + "h";
  if (minutes > 0) out += std::to_string(minutes) + "m";
  if (rest > 0) out += trim_fraction(static_cast<double>(rest) / 1e9) + "s";
  return out;
}

std::int64_t unix_time_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string format_rfc3339_ms(std::chrono::system_clock::time_point when) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 64> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &local);
  const long offset_minutes = local.tm_gmtoff / 60;
  std::array<char, 96> out{};
  std::snprintf(out.data(), out.size(), "%s.%03d%c%02ld:%02ld", date.data(),
                static_cast<int>(ms % 1000), offset_minutes < 0 ? '-' : '+',
                std::labs(offset_minutes) / 60, std::labs(offset_minutes) % 60);
  return out.data();
}

}  // namespace sluice
