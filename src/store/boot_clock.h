// SPDX-License-Identifier: Apache-2.0
// BootClock: nanoseconds since the boot of the machine, time in suspend included (CLOCK_BOOTTIME).
// A permit that ends at a moment of this clock ends also while the machine sleeps. Any thread.
#pragma once

#include <ctime>

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace sluice::store {

class BootClock {
 public:
  using Time = std::chrono::time_point<BootClock, Duration>;

  [[nodiscard]] static Time now() {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return Time(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
  }
};
using BootTime = BootClock::Time;

}  // namespace sluice::store
