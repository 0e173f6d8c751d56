// SPDX-License-Identifier: Apache-2.0
#include "control/utc_text.h"

#include <array>
#include <ctime>

namespace sluice::control {

std::string utc_text(std::chrono::system_clock::time_point when) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(when).time_since_epoch().count();
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm date{};
  gmtime_r(&seconds, &date);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &date);
  const std::string digits = std::to_string(1000 + ms % 1000);
  return std::string(text.data()) + "." + digits.substr(1) + "Z";
}

}  // namespace sluice::control
