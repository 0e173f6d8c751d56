// SPDX-License-Identifier: Apache-2.0
// BreakerNotes: the lines of the log about the circuit breaker of a pool. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/line_pace.h"
#include "base/log.h"
#include "resilience/circuit_breaker.h"

namespace sluice::filters {

class BreakerNotes {
 public:
  // A breaker that opens again and again has a line each in this time.
  static constexpr Duration kPeriod = std::chrono::seconds(10);

  // `name`: of the pool, for the log.
  BreakerNotes(std::string name, Logger logger,
               std::shared_ptr<const resilience::CircuitBreaker> breaker)
      : name_(std::move(name)),
        logger_(std::move(logger)),
        breaker_(std::move(breaker)),
        seen_(breaker_->changes()) {}

  // Logs if the breaker has opened or closed since the last call.
  void look() {
    if (breaker_->changes() == seen_.load(std::memory_order_relaxed)) [[likely]]
      return;
    if (const auto line = note(Clock::now())) logger_.write(line->level, line->text);
  }
  struct Line {
    LogLevel level;
    std::string text;
  };
  // The line of that change, if there is one.
  [[nodiscard]] std::optional<Line> note(TimePoint now);

 private:
  const std::string name_;
  const Logger logger_;
  const std::shared_ptr<const resilience::CircuitBreaker> breaker_;
  std::atomic<std::uint64_t> seen_;
  LinePace opened_{kPeriod};
  LinePace closed_{kPeriod};
};

}  // namespace sluice::filters
