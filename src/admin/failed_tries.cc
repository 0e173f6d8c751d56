// SPDX-License-Identifier: Apache-2.0
#include "admin/failed_tries.h"

#include <algorithm>

namespace sluice::admin {

Duration FailedTries::wait(std::string_view address, TimePoint now) const {
  const MutexLock lock(mutex_);
  const auto found = tries_.find(address);
  if (found == tries_.end()) return Duration::zero();
  return std::max(Duration::zero(), Duration(found->second.closed_until - now));
}

void FailedTries::add(std::string_view address, TimePoint now) {
  const MutexLock lock(mutex_);
  auto found = tries_.find(address);
  if (found == tries_.end()) {
    make_room(now);
    found = tries_.emplace(std::string(address), Tries{}).first;
  }
  Tries& tries = found->second;
  if (now - tries.last > kForgottenAfter) tries.count = 0;
  tries.last = now;
  const int over = ++tries.count - kFreeTries;
  if (over <= 0) return;
  const Duration pause = kWaitFirst * (std::int64_t{1} << std::min(over - 1, 10));
  tries.closed_until = now + std::min(pause, kWaitMax);
}

void FailedTries::clear(std::string_view address) {
  const MutexLock lock(mutex_);
  const auto found = tries_.find(address);
  if (found != tries_.end()) tries_.erase(found);
}

// Removes expired records. If there are none, removes the one with the oldest last try.
void FailedTries::make_room(TimePoint now) {
  if (tries_.size() < kAddressesMax) return;
  std::erase_if(tries_,
                [&](const auto& entry) { return now - entry.second.last > kForgottenAfter; });
  if (tries_.size() < kAddressesMax) return;
  tries_.erase(
      std::ranges::min_element(tries_, {}, [](const auto& entry) { return entry.second.last; }));
}

}  // namespace sluice::admin
