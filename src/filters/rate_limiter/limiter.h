// SPDX-License-Identifier: Apache-2.0
// Limiter: the count of an entry of a RateLimiter, or the counts of its keys. It outlives a change
// of the policy: each request reads it by the policy of its own generation, so all generations
// share one count.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "config/value.h"
#include "filters/rate_limiter/key_table.h"
#include "filters/rate_limiter/periods.h"

namespace sluice::filters {

// Any core, and control threads.
class Limiter {
 public:
  // `keys`: 0: one count for all requests.
  explicit Limiter(std::size_t keys)
      : start_(Clock::now()), table_(keys == 0 ? nullptr : std::make_unique<KeyTable>(keys)) {}

  // See KeyTable::charge().
  void charge(MemoryBudget* budget) {
    if (table_) table_->charge(budget);
  }
  [[nodiscard]] Verdict take(std::string_view key, const RatePolicy& policy, TimePoint now);
  void give_back(std::string_view key, const RatePolicy& policy, std::uint64_t cycle,
                 TimePoint now);

  // Learning (pipeline/state_registry.h): a count without keys survives a hot restart.
  [[nodiscard]] Json knowledge() const;
  // Requires: no core uses this yet.
  void learn(const config::Value& value);

 private:
  [[nodiscard]] Duration elapsed(TimePoint now) const {
    return std::max(now - start_, Duration::zero());
  }

  TimePoint start_;               // of the first period
  mutable PeriodsWord word_ = 0;  // by std::atomic_ref
  std::unique_ptr<KeyTable> table_;
};

}  // namespace sluice::filters
