// SPDX-License-Identifier: Apache-2.0
// LinePace: one line of the log in each period, and the count of those left out. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace sluice {

class LinePace {
 public:
  explicit LinePace(Duration period) : period_(period) {}

  // nullopt: leave this line out. Otherwise, the number of lines left out before it.
  [[nodiscard]] std::optional<std::uint64_t> pass(TimePoint now) {
    const Clock::rep at = now.time_since_epoch().count();
    Clock::rep next = next_.load(std::memory_order_relaxed);
    if (at >= next &&
        next_.compare_exchange_strong(next, at + period_.count(), std::memory_order_relaxed))
      return left_out_.exchange(0, std::memory_order_relaxed);
    left_out_.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }

 private:
  const Duration period_;
  std::atomic<Clock::rep> next_{0};  // since the epoch of Clock
  std::atomic<std::uint64_t> left_out_{0};
};

// "" or " (12 more since the last such line)".
[[nodiscard]] inline std::string more_note(std::uint64_t count) {
  return count == 0 ? "" : " (" + std::to_string(count) + " more since the last such line)";
}

}  // namespace sluice
