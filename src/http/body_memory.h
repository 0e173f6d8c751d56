// SPDX-License-Identifier: Apache-2.0
// Who is charged for the bytes of bodies that are whole. Core-bound.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

#include "base/memory_budget.h"

namespace sluice::http {

// What a body that is made whole is charged to.
struct BodyMemory {
  MemoryCharge& charge;
  std::size_t at_least = 0;                     // as of MemoryCharge::try_set()
  MemoryRefusal refusal = MemoryRefusal::none;  // why it failed with `unavailable`
};

// What a body holds that nobody else is charged for yet. It may outlive the connection.
class BodyCharge {
 public:
  explicit BodyCharge(std::shared_ptr<MemoryHolder> holder)
      : holder_(std::move(holder)), charge_(*holder_, MemoryUse::responses) {}
  // False: the holder may not hold so much.
  [[nodiscard]] bool try_set(std::size_t bytes) {
    return charge_.try_set(bytes) == MemoryRefusal::none;
  }
  // False: the process may not, whatever the holder's limit.
  [[nodiscard]] bool try_set_for_process(std::size_t bytes) {
    return charge_.try_set(bytes, std::numeric_limits<std::size_t>::max()) == MemoryRefusal::none;
  }
  // So much is held, whatever the limits.
  void set(std::size_t bytes) { charge_.set(bytes); }

 private:
  std::shared_ptr<MemoryHolder> holder_;
  MemoryCharge charge_;  // goes first
};

}  // namespace sluice::http
