// SPDX-License-Identifier: Apache-2.0
// TurnQueue: who of a namespace's runs may write alone, first come, first served, over all cores.
// Kept on the loop of one core, the namespace's home; the others write to it by mailbox.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>

#include "store/attached_view.h"

namespace sluice::store {

class TurnQueue {
 public:
  // Any thread: somebody has the turn.
  [[nodiscard]] bool busy() const { return busy_.load(std::memory_order_acquire); }

  // On the home loop. A ticket is unique within its view.
  void request(std::weak_ptr<AttachedView> view, std::uint64_t ticket);
  // Not waiting any more. One that has been granted meanwhile is released by its view.
  void cancel(const std::weak_ptr<AttachedView>& view, std::uint64_t ticket);
  void release();

 private:
  struct Waiting {
    std::weak_ptr<AttachedView> view;
    std::uint64_t ticket;
  };
  void grant_next();

  std::deque<Waiting> waiting_;
  std::atomic<bool> busy_{false};
};

}  // namespace sluice::store
