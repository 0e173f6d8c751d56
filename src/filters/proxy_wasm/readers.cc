// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/readers.h"

#include <functional>
#include <thread>

namespace sluice::filters::proxy_wasm {

// A reader counts itself, and then looks whether its turn has ended before that: the end may have
// missed it.
Readers::Reading::Reading(const Readers& readers) {
  Slot& slot = readers.slots_[std::hash<std::thread::id>()(std::this_thread::get_id()) % kSlots];
  while (true) {
    const std::uint64_t turn = readers.turn_.load();
    count_ = &slot.by_parity[turn % 2];
    count_->fetch_add(1);
    if (readers.turn_.load() == turn) return;
    count_->fetch_sub(1);
  }
}

// The turn before has the parity of the next one. No reader joins it any more.
std::optional<std::uint64_t> Readers::end_turn() {
  std::uint64_t turn = turn_.load();
  for (const Slot& slot : slots_) {
    if (slot.by_parity[(turn + 1) % 2].load() != 0) return std::nullopt;
  }
  if (!turn_.compare_exchange_strong(turn, turn + 1)) return std::nullopt;
  return turn;
}

}  // namespace sluice::filters::proxy_wasm
