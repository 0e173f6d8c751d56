// SPDX-License-Identifier: Apache-2.0
// The charges for the bytes of held bodies. Core-bound.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

#include "base/memory_budget.h"

namespace sluice::http {

// The charge for a body that is read into memory.
struct BodyMemory {
  MemoryCharge& charge;
  std::size_t at_least = 0;                     // see MemoryCharge::try_set()
  MemoryRefusal refusal = MemoryRefusal::none;  // the reason of `unavailable`
};

// The charge for the bytes of a body, until another owner charges them. It may outlive the
// connection.
class BodyCharge {
 public:
  explicit BodyCharge(std::shared_ptr<MemoryHolder> holder, MemoryUse use = MemoryUse::responses)
      : holder_(std::move(holder)), charge_(*holder_, use) {}
  // Returns false if the holder's limit, or that of the process, refuses.
  [[nodiscard]] bool try_set(std::size_t bytes) {
    return charge_.try_set(bytes) == MemoryRefusal::none;
  }
  // Returns false if the process's limit refuses. Ignores the holder's limit.
  [[nodiscard]] bool try_set_for_process(std::size_t bytes) {
    return charge_.try_set(bytes, std::numeric_limits<std::size_t>::max()) == MemoryRefusal::none;
  }
  // Sets the charge, whatever the limits.
  void set(std::size_t bytes) { charge_.set(bytes); }

 private:
  std::shared_ptr<MemoryHolder> holder_;
  MemoryCharge charge_;  // last: destroyed first
};

}  // namespace sluice::http
