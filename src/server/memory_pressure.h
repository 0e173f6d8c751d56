// SPDX-License-Identifier: Apache-2.0
// MemoryPressure: what is refused as the memory budget fills. The one place for that decision:
// whatever is about to begin something that holds memory asks here. A core that cannot keep up is
// another matter. Core-bound.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/memory_budget.h"

namespace sluice::server {

// What is shed, in this order: each step includes those before it.
enum class Pressure : std::uint8_t {
  none,
  streams,      // HTTP/2: REFUSED_STREAM
  bodies,       // requests with a body: 503 with Retry-After
  idle,         // idle connections are closed
  connections,  // new ones are closed
};

// Whom the request is from. Those whom a sale knows go on for a step longer than the others.
enum class Standing : std::uint8_t { unknown, known };

// The marks of memory, in percent of the budget (docs/limits.md).
inline constexpr std::size_t kShedStreamsPercent = MemoryBudget::kTightPercent;
inline constexpr std::size_t kShedBodiesPercent = 80;
inline constexpr std::size_t kShedIdlePercent = 85;
inline constexpr std::size_t kShedConnectionsPercent = 95;

// Monotone in `held`. `budget` > 0.
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
  // `memory`: of the core; outlives this.
  explicit MemoryPressure(const MemoryAccount& memory) : memory_(memory) {}
  MemoryPressure(const MemoryPressure&) = delete;
  MemoryPressure& operator=(const MemoryPressure&) = delete;

  // Of the memory of the whole process.
  [[nodiscard]] Pressure get() const {
    const MemoryBudget* budget = memory_.budget();
    return budget != nullptr ? memory_pressure(budget->leased(), budget->bytes()) : Pressure::none;
  }
  // Whether `what` is to be refused now.
  [[nodiscard]] bool sheds(Pressure what, Standing standing = Standing::unknown) const {
    const auto step = static_cast<unsigned>(get());
    return step >= static_cast<unsigned>(what) + (standing == Standing::known ? 1U : 0U);
  }

 private:
  const MemoryAccount& memory_;
};

}  // namespace sluice::server
