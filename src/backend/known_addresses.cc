// SPDX-License-Identifier: Apache-2.0
#include "backend/known_addresses.h"

#include <memory>
#include <utility>

namespace sluice::backend {

bool KnownAddresses::claim(TimePoint now, Duration patience) {
  Clock::rep due = due_.load(std::memory_order_relaxed);
  if (now.time_since_epoch().count() < due) return false;
  return due_.compare_exchange_strong(due, (now + patience).time_since_epoch().count());
}

void KnownAddresses::tell(std::vector<net::Endpoint> found, TimePoint next) {
  list_.store(std::make_shared<const std::vector<net::Endpoint>>(std::move(found)));
  version_.fetch_add(1, std::memory_order_release);
  postpone(next);
}

void KnownAddresses::postpone(TimePoint next) { due_.store(next.time_since_epoch().count()); }

}  // namespace sluice::backend
