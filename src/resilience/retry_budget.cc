// SPDX-License-Identifier: Apache-2.0
#include "resilience/retry_budget.h"

#include <algorithm>

namespace sluice::resilience {

namespace {

constexpr std::int64_t kOne = 100;  // a retry, in hundredths
constexpr auto kHeldFor = std::chrono::seconds(10);
constexpr auto kTrickleEvery = std::chrono::milliseconds(10);

}  // namespace

RetryBudget::RetryBudget(std::uint32_t percent, std::uint32_t per_second, TimePoint now)
    : per_request_(percent),
      per_second_(static_cast<std::int64_t>(per_second) * kOne),
      held_max_(percent == 0 && per_second == 0
                    ? 0
                    : std::max(per_second_ * kHeldFor.count(), kHeldMin * kOne)),
      held_(held_max_),
      paid_until_(now.time_since_epoch().count()) {}

void RetryBudget::on_request() {
  if (per_request_ > 0) pay_in(per_request_);
}

// The budget is full most of the time, so most requests only read it.
void RetryBudget::pay_in(std::int64_t amount) {
  std::int64_t held = held_.load(std::memory_order_relaxed);
  while (held < held_max_ && !held_.compare_exchange_weak(held, std::min(held + amount, held_max_),
                                                          std::memory_order_relaxed)) {
  }
}

void RetryBudget::trickle(TimePoint now) {
  const auto at = now.time_since_epoch().count();
  auto until = paid_until_.load(std::memory_order_relaxed);
  const Duration past(at - until);
  if (past < kTrickleEvery) return;
  if (!paid_until_.compare_exchange_strong(until, at, std::memory_order_relaxed)) return;
  const double seconds = std::chrono::duration<double>(std::min<Duration>(past, kHeldFor)).count();
  pay_in(static_cast<std::int64_t>(seconds * static_cast<double>(per_second_)));
}

bool RetryBudget::take(TimePoint now) {
  trickle(now);
  std::int64_t held = held_.load(std::memory_order_relaxed);
  while (held >= kOne) {
    if (held_.compare_exchange_weak(held, held - kOne, std::memory_order_relaxed)) return true;
  }
  return false;
}

std::int64_t RetryBudget::available() const { return held_.load(std::memory_order_relaxed) / kOne; }

}  // namespace sluice::resilience
