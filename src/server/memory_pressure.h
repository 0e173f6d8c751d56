// SPDX-License-Identifier: Apache-2.0
// MemoryPressure decides what is refused as the memory budget fills. Every part that is about to
// hold memory asks here. The overload of a core is decided elsewhere. Core-bound.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/memory_budget.h"

namespace sluice::server {

// The steps of shedding. Each includes the steps before it.
enum class Pressure : std::uint8_t {
  none,
  streams,      // HTTP/2: REFUSED_STREAM
  bodies,       // requests with a body: 503 with Retry-After
  idle,         // idle connections are closed
  connections,  // new connections are closed
};

// Whether the pipeline knows the request's user. Known users are shed one step later than others.
enum class Standing : std::uint8_t { unknown, known };

// The thresholds of memory, in percent of the budget (docs/limits.md).
inline constexpr std::size_t kShedStreamsPercent = MemoryBudget::kTightPercent;
inline constexpr std::size_t kShedBodiesPercent = 80;
inline constexpr std::size_t kShedIdlePercent = 85;
inline constexpr std::size_t kShedConnectionsPercent = 95;

// Invariant: monotone in `held`. Requires: `budget` > 0.
[[nodiscard]] constexpr Pressure memory_pressure(std::size_t held, std::size_t budget) {
  const std::size_t percent = budget / 100;
  if (held < percent * kShedStreamsPercent) return Pressure::none;
  if (held < percent * kShedBodiesPercent) return Pressure::streams;
  if (held < percent * kShedIdlePercent) return Pressure::bodies;
  if (held < percent * kShedConnectionsPercent) return Pressure::idle;
  return Pressure::connections;
}

class MemoryPressure {
 public:
  // `memory` is the account of the core. Requires: it outlives this.
  explicit MemoryPressure(const MemoryAccount& memory) : memory_(memory) {}
  MemoryPressure(const MemoryPressure&) = delete;
  MemoryPressure& operator=(const MemoryPressure&) = delete;

  // Returns the pressure of the whole process.
  [[nodiscard]] Pressure get() const {
    const MemoryBudget* budget = memory_.budget();
    return budget != nullptr ? memory_pressure(budget->leased(), budget->bytes()) : Pressure::none;
  }
  // True if `what` is refused now.
  [[nodiscard]] bool sheds(Pressure what, Standing standing = Standing::unknown) const {
    const auto step = static_cast<unsigned>(get());
    return step >= static_cast<unsigned>(what) + (standing == Standing::known ? 1U : 0U);
  }

 private:
  const MemoryAccount& memory_;
};

}  // namespace sluice::server
