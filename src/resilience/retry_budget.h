// SPDX-License-Identifier: Apache-2.0
// RetryBudget: bounds the extra load of retries on a failing pool. Requests add to the budget,
// retries take from it. Time also adds a little, for pools with few requests.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace sluice::resilience {

// Shared by the cores, without a lock: any thread. Exact except for requests in progress.
class RetryBudget {
 public:
  // `percent`: retries per 100 requests. `per_second`: additional retries per second. The budget
  // holds at most the income of 10 seconds, or kHeldMin, and begins full.
  RetryBudget(std::uint32_t percent, std::uint32_t per_second, TimePoint now);

  // Counts a request (its first try).
  void on_request();
  // Takes one retry out; false if there is none.
  [[nodiscard]] bool take(TimePoint now);
  // The whole retries available now.
  [[nodiscard]] std::int64_t available() const;

 private:
  static constexpr std::int64_t kHeldMin = 10;
  void pay_in(std::int64_t amount);
  void trickle(TimePoint now);

  // Amounts are hundredths of a retry.
  const std::int64_t per_request_;
  const std::int64_t per_second_;
  const std::int64_t held_max_;
  std::atomic<std::int64_t> held_;
  std::atomic<TimePoint::rep> paid_until_;
};

}  // namespace sluice::resilience
