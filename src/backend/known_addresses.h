// SPDX-License-Identifier: Apache-2.0
// KnownAddresses: the addresses of a server's name, for all cores. One core looks the name up when
// it is due, and the others adopt the result. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/published.h"
#include "base/time.h"
#include "net/resolver.h"

namespace sluice::backend {

class KnownAddresses {
 public:
  using EndpointList = Published<std::vector<net::Endpoint>>::Pointer;

  // Grows with every list; 0: no list yet.
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // The newest list; null if there is none yet.
  [[nodiscard]] EndpointList list() const { return list_.load(); }

  // True for one core when a look-up is due. That core must report the result within `patience`;
  // afterwards another core may claim the look-up.
  [[nodiscard]] bool claim(TimePoint now, Duration patience);
  // Stores a result, even without a claim. `next`: the time of the next look-up.
  void tell(std::vector<net::Endpoint> found, TimePoint next);
  // The look-up failed: keeps the known addresses.
  void postpone(TimePoint next);
  // An address did not answer, so the name may stand for others by now: the next look-up is due
  // kHastenedAfter after the last one.
  void hasten();
  static constexpr Duration kHastenedAfter = std::chrono::seconds(1);

 private:
  std::atomic<std::uint64_t> version_{0};
  std::atomic<Clock::rep> due_{0};    // since the epoch of Clock
  std::atomic<Clock::rep> ended_{0};  // the last look-up, likewise
  std::atomic<bool> claimed_{false};
  Published<std::vector<net::Endpoint>> list_;  // read only after a change of the version
};

}  // namespace sluice::backend
