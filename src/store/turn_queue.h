// SPDX-License-Identifier: Apache-2.0
// TurnQueue: grants a namespace's turns (the right to be its only writer) first come, first served,
// over all cores. It lives on the loop of one core, the namespace's home; other cores use its
// mailbox.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>

#include "store/attached_view.h"

namespace sluice::store {

class TurnQueue {
 public:
  // Any thread: true while a run has the turn.
  [[nodiscard]] bool busy() const { return busy_.load(std::memory_order_acquire); }

  // On the home loop. A ticket is unique within its view.
  void request(std::weak_ptr<AttachedView> view, std::uint64_t ticket);
  // Removes a waiting ticket. If it was granted meanwhile, its view releases it.
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
