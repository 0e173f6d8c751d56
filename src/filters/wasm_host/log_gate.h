// SPDX-License-Identifier: Apache-2.0
// Limits the log lines per second, and counts the suppressed ones. Core-bound.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"

namespace sluice::filters {

class LogGate {
 public:
  explicit LogGate(std::uint32_t lines_per_second) : lines_max_(lines_per_second) {}

  // nullopt: suppress this line. Otherwise, the number of lines suppressed before it.
  [[nodiscard]] std::optional<std::uint64_t> pass(TimePoint now) {
    if (now - window_ >= std::chrono::seconds(1)) {
      window_ = now;
      lines_ = 0;
    }
    if (lines_ >= lines_max_) {
      ++suppressed_;
      return std::nullopt;
    }
    ++lines_;
    return std::exchange(suppressed_, 0);
  }

 private:
  std::uint32_t lines_max_;
  TimePoint window_{};
  std::uint32_t lines_ = 0;
  std::uint64_t suppressed_ = 0;
};

// "" or " (12 lines left out before)".
[[nodiscard]] inline std::string suppressed_note(std::uint64_t count) {
  return count == 0 ? "" : " (" + std::to_string(count) + " lines left out before)";
}

}  // namespace sluice::filters
