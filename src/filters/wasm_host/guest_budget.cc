// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/guest_budget.h"

#include <algorithm>

#include "base/assert.h"

namespace sluice::filters {

Result<GuestBudget::Reservation> GuestBudget::reserve(const std::string& filter,
                                                      std::uint32_t count) {
  const MutexLock lock(mutex_);
  std::uint64_t others = 0;
  for (const auto& [name, counts] : promised_) {
    if (name != filter) others += *counts.rbegin();
  }
  if (others + count > max_) {
    return fail(ErrorKind::conflict,
                std::to_string(count) + " guests and the " + std::to_string(others) +
                    " of other filters are more than " + std::to_string(max_) +
                    ", which is max-guests: lower maxConcurrency, or start the server with a "
                    "higher --max-guests");
  }
  promised_[filter].insert(count);
  return Reservation(*this, filter, count);
}

void GuestBudget::give_back(const std::string& filter, std::uint32_t count) {
  const MutexLock lock(mutex_);
  const auto found = promised_.find(filter);
  SLUICE_ASSERT(found != promised_.end() && found->second.contains(count),
                "a promise is given back once");
  found->second.erase(found->second.find(count));
  if (found->second.empty()) promised_.erase(found);
}

}  // namespace sluice::filters
