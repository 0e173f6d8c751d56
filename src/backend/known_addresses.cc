// SPDX-License-Identifier: Apache-2.0
#include "backend/known_addresses.h"

#include <memory>
#include <utility>

namespace sluice::backend {

bool KnownAddresses::claim(TimePoint now, Duration patience) {
  Clock::rep due = due_.load(std::memory_order_relaxed);
  if (now.time_since_epoch().count() < due) return false;
  if (!due_.compare_exchange_strong(due, (now + patience).time_since_epoch().count())) return false;
  claimed_.store(true);
  return true;
}

void KnownAddresses::tell(std::vector<net::Endpoint> found, TimePoint next) {
  list_.store(std::make_shared<const std::vector<net::Endpoint>>(std::move(found)));
  version_.fetch_add(1, std::memory_order_release);
  postpone(next);
}

void KnownAddresses::postpone(TimePoint next) {
  ended_.store(Clock::now().time_since_epoch().count());
  due_.store(next.time_since_epoch().count());
  claimed_.store(false);
}

// A look-up that begins meanwhile may be repeated once.
void KnownAddresses::hasten() {
  if (claimed_.load()) return;
  const Clock::rep soon = ended_.load() + Clock::duration(kHastenedAfter).count();
  Clock::rep due = due_.load();
  if (soon < due) due_.compare_exchange_strong(due, soon);
}

}  // namespace sluice::backend
