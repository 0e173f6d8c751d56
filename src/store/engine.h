// SPDX-License-Identifier: Apache-2.0
// Engine: the state that the store's cores, journal and administration share. Immutable or atomic;
// outlives them all.
#pragma once

#include <atomic>
#include <memory>

#include "store/backroom.h"
#include "store/doorbell.h"
#include "store/outlook.h"
#include "store/store.h"

namespace sluice::store {

// The error of a wait that ends with the ownership.
[[nodiscard]] inline std::unexpected<Error> lost() {
  return fail(ErrorKind::lost,
              "another process has taken over this shared data: look at the data, and try again");
}

struct Engine {
  Engine(unsigned cores, const Limits& bounds, bool shared_medium, const RandomId& process = {},
         Duration owners_word_max = {})
      : core_count(cores),
        limits(bounds),
        may_lose(shared_medium),
        word_max(owners_word_max),
        exchanges(std::make_shared<ExchangeNames>(process)) {}

  const unsigned core_count;
  const Limits limits;
  const bool may_lose;      // Medium::may_lose
  const Duration word_max;  // Medium::word_max
  const std::shared_ptr<ExchangeNames> exchanges;
  const std::shared_ptr<Doorbell> bell = std::make_shared<Doorbell>();  // the journal's
  const std::shared_ptr<Backroom> backroom = std::make_shared<Backroom>();
  const std::shared_ptr<Backroom> counting = std::make_shared<Backroom>(Backroom::Awaited::yes);
  // The journal cannot write. With a shared medium: Chain::failing().
  std::atomic<bool> failing{false};
  std::atomic<bool> closed{false};  // the Store is gone; the loops may be destroyed next
};

}  // namespace sluice::store
