// SPDX-License-Identifier: Apache-2.0
// Retry: how often a request is tried, and how long is waited in between. It tries nothing itself.
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
  Retry(RetrySpec spec, TimePoint now);

  // A request has come.
  void on_request() { budget_.on_request(); }
  // Whether try number `tries` + 1 may be made after `tries` have failed: below maxAttempts, and
  // taken out of the budget. `unsent`: no backend has got the request, so any method may go again.
  [[nodiscard]] bool may_retry(std::uint32_t tries, std::string_view method, bool unsent,
                               TimePoint now);
  // How long to wait after `tries` failed tries (1, 2, ...). At most the longer of a minute and
  // waitDuration, before randomizationFactor.
  [[nodiscard]] Duration wait_after(std::uint32_t tries, std::minstd_rand& random) const;

  [[nodiscard]] const RetrySpec& spec() const { return spec_; }
  [[nodiscard]] const RetryBudget& budget() const { return budget_; }
  // How many retries it has allowed.
  [[nodiscard]] std::uint64_t retries() const { return retries_.load(std::memory_order_relaxed); }

 private:
  RetrySpec spec_;
  bool exponential_;
  RetryBudget budget_;
  std::atomic<std::uint64_t> retries_{0};
};

}  // namespace sluice::resilience
