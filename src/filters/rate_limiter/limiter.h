// SPDX-License-Identifier: Apache-2.0
// Limiter: the counts of an entry of a RateLimiter. They outlive a change of the policy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/mutex.h"
#include "base/time.h"
#include "config/value.h"
#include "filters/rate_limiter/key_table.h"
#include "filters/rate_limiter/periods.h"

namespace sluice::filters {

// The counts of an entry, for one length of the period. Any core.
class Counts {
 public:
  // `keys`: 0: one count for all requests.
  Counts(TimePoint start, std::size_t keys)
      : start_(start), table_(keys == 0 ? nullptr : std::make_unique<KeyTable>(keys)) {}

  // See KeyTable::charge().
  void charge(MemoryBudget* budget) {
    if (table_) table_->charge(budget);
  }

  // A count begins with the places that are in use under another policy.
  struct Before {
    std::shared_ptr<Counts> counts;  // null: nothing
    RatePolicy policy;
  };
  [[nodiscard]] Verdict take(std::string_view key, const RatePolicy& policy, TimePoint now,
                             const Before& before);
  void give_back(std::string_view key, const RatePolicy& policy, std::uint64_t cycle,
                 TimePoint now);
  [[nodiscard]] std::uint32_t in_use(std::string_view key, const RatePolicy& policy, TimePoint now);
  [[nodiscard]] TimePoint start() const { return start_; }
  // Counts `places` as in use. Requires: no core uses this yet, and it has no keys.
  void begin_with(const RatePolicy& policy, std::uint32_t places, TimePoint now);

 private:
  [[nodiscard]] Duration elapsed(TimePoint now) const {
    return std::max(now - start_, Duration::zero());
  }
  [[nodiscard]] PeriodsWord first_word(std::string_view key, const RatePolicy& policy,
                                       TimePoint now, const Before& before);

  const TimePoint start_;
  PeriodsWord word_ = 0;  // by std::atomic_ref; 0 until the first request
  std::unique_ptr<KeyTable> table_;
};

// Control threads only.
class Limiter {
 public:
  explicit Limiter(std::size_t keys) : keys_(keys) {}

  struct Terms {
    std::shared_ptr<Counts> counts;
    Counts::Before before;
  };
  // Returns the counts for a policy. While some generation uses counts with this period, they go on
  // whatever the limit is.
  [[nodiscard]] Terms terms(const RatePolicy& policy, TimePoint now);

  // Learning (pipeline/state_registry.h): a count without keys survives a hot restart.
  [[nodiscard]] Json knowledge() const;
  void learn(const config::Value& value);

 private:
  struct Known {
    std::weak_ptr<Counts> counts;
    RatePolicy policy;
  };
  struct Learnt {
    RatePolicy policy;
    std::uint32_t places;
    TimePoint at;
  };
  const std::size_t keys_;
  mutable Mutex mutex_;
  std::vector<Known> known_ SLUICE_GUARDED_BY(mutex_);  // the newest last
  std::optional<Learnt> learnt_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::filters
