// SPDX-License-Identifier: Apache-2.0
// Retry: decides how often a request is tried, and how long to wait in between. It sends nothing
// itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string_view>

#include "base/time.h"
#include "resilience/retry_budget.h"
#include "resilience/spec.h"

namespace sluice::resilience {

// Shared by the cores, without a lock: any thread.
class Retry {
 public:
  // `now`: from here on, time adds to the budget.
  Retry(RetrySpec spec, TimePoint now);

  // Counts a request.
  void on_request() { budget_.on_request(); }
  // True if try number `tries` + 1 may be made after `tries` failures: it is within maxAttempts,
  // and taken out of the budget. `unsent`: no backend has received the request, so any method may
  // be sent again.
  [[nodiscard]] bool may_retry(std::uint32_t tries, std::string_view method, bool unsent,
                               TimePoint now);
  // The wait after `tries` failed tries (1, 2, ...). At most the longer of a minute and
  // waitDuration, before randomizationFactor.
  [[nodiscard]] Duration wait_after(std::uint32_t tries, std::minstd_rand& random) const;

  [[nodiscard]] const RetrySpec& spec() const { return spec_; }
  [[nodiscard]] const RetryBudget& budget() const { return budget_; }
  // The number of allowed retries.
  [[nodiscard]] std::uint64_t retries() const { return retries_.load(std::memory_order_relaxed); }

 private:
  RetrySpec spec_;
  bool exponential_;
  RetryBudget budget_;
  std::atomic<std::uint64_t> retries_{0};
};

}  // namespace sluice::resilience
