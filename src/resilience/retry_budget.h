// SPDX-License-Identifier: Apache-2.0
// RetryBudget: bounds the load that retries add to a pool of backends that fails already. Requests
// pay in, retries take out; besides, a trickle flows in with time, for pools with few requests.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace sluice::resilience {

// Shared by the cores, without a lock: any thread. Exact up to the requests that run at one moment.
class RetryBudget {
 public:
  // `percent`: retries per 100 requests. `per_second`: retries a second besides. It holds at most
  // what flows in during 10 seconds, or kHeldMin, and begins full.
  RetryBudget(std::uint32_t percent, std::uint32_t per_second, TimePoint now);

  // A request has come (its first try).
  void on_request();
  // Takes one retry out; false if there is none.
  [[nodiscard]] bool take(TimePoint now);
  // Whole retries that could be taken now.
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
