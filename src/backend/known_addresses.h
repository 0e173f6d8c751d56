// SPDX-License-Identifier: Apache-2.0
// KnownAddresses: what the name of a server stands for, for all cores: one of them looks it up when
// it is time, the others take over what it has found. Any thread.
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
  using List = Published<std::vector<net::Endpoint>>::Pointer;

  // Grows with every list; 0: there is none yet.
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // The newest; null if there is none yet.
  [[nodiscard]] List list() const { return list_.load(); }

  // True for one core when it is time: that one has to look the name up, and to say what came of it
  // within `patience`; otherwise it is another one's turn.
  [[nodiscard]] bool claim(TimePoint now, Duration patience);
  // `next`: when it is time again. Without having been asked, too.
  void tell(std::vector<net::Endpoint> found, TimePoint next);
  // Nothing was found out: what is known stays.
  void postpone(TimePoint next);

 private:
  std::atomic<std::uint64_t> version_{0};
  std::atomic<Clock::rep> due_{0};              // since the epoch of Clock
  Published<std::vector<net::Endpoint>> list_;  // taken only when the version has changed
};

}  // namespace sluice::backend
