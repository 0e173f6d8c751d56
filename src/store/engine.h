// SPDX-License-Identifier: Apache-2.0
// Engine: the state that the store's cores, journal and administration share. Immutable or atomic;
// outlives them all.
#pragma once

#include <atomic>
#include <memory>

#include "store/backroom.h"
#include "store/doorbell.h"
#include "store/store.h"

namespace sluice::store {

struct Engine {
  Engine(unsigned cores, const Limits& bounds) : core_count(cores), limits(bounds) {}

  const unsigned core_count;
  const Limits limits;
  const std::shared_ptr<Doorbell> bell = std::make_shared<Doorbell>();  // the journal's
  const std::shared_ptr<Backroom> backroom = std::make_shared<Backroom>();
  const std::shared_ptr<Backroom> counting = std::make_shared<Backroom>(Backroom::Awaited::yes);
  std::atomic<bool> failing{false};  // the journal cannot write
  std::atomic<bool> closed{false};   // the Store is gone; the loops may be destroyed next

  [[nodiscard]] bool refuses_writes() const {
    return failing.load(std::memory_order_seq_cst) || closed.load(std::memory_order_acquire);
  }
};

}  // namespace sluice::store
