// SPDX-License-Identifier: Apache-2.0
#include "admin/failed_tries.h"

#include <algorithm>

namespace sluice::admin {

Duration FailedTries::wait(std::string_view address, TimePoint now) const {
  const MutexLock lock(mutex_);
  const auto found = records_.find(address);
  if (found == records_.end()) return Duration::zero();
  return std::max(Duration::zero(), Duration(found->second.closed_until - now));
}

void FailedTries::add(std::string_view address, TimePoint now) {
  const MutexLock lock(mutex_);
  auto found = records_.find(address);
  if (found == records_.end()) {
    make_room(now);
    found = records_.emplace(std::string(address), Record{}).first;
  }
  Record& record = found->second;
  if (now - record.last > kForgottenAfter) record.count = 0;
  record.last = now;
  const int over = ++record.count - kFreeTries;
  if (over <= 0) return;
  const Duration pause = kWaitFirst * (std::int64_t{1} << std::min(over - 1, 10));
  record.closed_until = now + std::min(pause, kWaitMax);
}

void FailedTries::clear(std::string_view address) {
  const MutexLock lock(mutex_);
  const auto found = records_.find(address);
  if (found != records_.end()) records_.erase(found);
}

// Removes expired records. If there are none, removes the one with the oldest last try.
void FailedTries::make_room(TimePoint now) {
  if (records_.size() < kAddressesMax) return;
  std::erase_if(records_,
                [&](const auto& entry) { return now - entry.second.last > kForgottenAfter; });
  if (records_.size() < kAddressesMax) return;
  records_.erase(
      std::ranges::min_element(records_, {}, [](const auto& entry) { return entry.second.last; }));
}

}  // namespace sluice::admin
