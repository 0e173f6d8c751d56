// SPDX-License-Identifier: Apache-2.0
// For tests: the time at which they begin. It is not the clock's zero.
#pragma once

#include "base/time.h"

namespace sluice::resilience {

inline constexpr TimePoint kStart{std::chrono::hours(5)};

}  // namespace sluice::resilience
