// SPDX-License-Identifier: Apache-2.0
// Deadlines of peers, for a fraction of the cost of Clock::now(). Any thread.
#pragma once

#include <ctime>

#include "base/time.h"

namespace sluice {

// The longest tick of a Linux kernel (CONFIG_HZ=100).
inline constexpr Duration kTickMax = std::chrono::milliseconds(10);

// A time that is at least `patience` from now, and at most kTickMax more. CLOCK_MONOTONIC_COARSE is
// Clock's time at the last tick (clock_gettime(2)), so it needs no reading of a counter. Requires:
// `patience` can be added to the time of a clock.
[[nodiscard]] inline TimePoint deadline_after(Duration patience) {
  std::timespec tick{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &tick);
  const Duration at = std::chrono::seconds(tick.tv_sec) + Duration(tick.tv_nsec);
  return TimePoint(at + kTickMax + patience);
}

}  // namespace sluice
