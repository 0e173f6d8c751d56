// SPDX-License-Identifier: Apache-2.0
#include "resilience/retry.h"

#include <algorithm>
#include <cmath>

namespace sluice::resilience {

namespace {

constexpr double kGrowth = 1.5;
constexpr Duration kWaitMax = std::chrono::minutes(1);

}  // namespace

Retry::Retry(RetrySpec spec, TimePoint now)
    : spec_(std::move(spec)),
      exponential_(spec_.back_off_policy == "exponential" ||
                   spec_.back_off_policy == "EXPONENTIAL"),
      budget_(spec_.budget_percent, spec_.budget_per_second, now) {}

bool Retry::may_retry(std::uint32_t tries, std::string_view method, bool unsent, TimePoint now) {
  if (tries >= spec_.max_attempts) return false;
  if (!unsent && std::ranges::find(spec_.methods, method) == spec_.methods.end()) return false;
  if (!budget_.take(now)) return false;
  retries_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

Duration Retry::wait_after(std::uint32_t tries, std::minstd_rand& random) const {
  auto base = static_cast<double>(spec_.wait_duration.count());
  const double longest = std::max(base, static_cast<double>(kWaitMax.count()));
  if (exponential_) base = std::min(base * std::pow(kGrowth, tries - 1.0), longest);
  const double factor = spec_.randomization_factor;
  if (factor > 0) base *= std::uniform_real_distribution<double>(1 - factor, 1 + factor)(random);
  constexpr double kMax = 1e18;  // a Duration holds a little more
  return Duration(static_cast<Duration::rep>(std::min(base, kMax)));
}

}  // namespace sluice::resilience
