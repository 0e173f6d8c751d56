// SPDX-License-Identifier: Apache-2.0
#include "store/turn_queue.h"

#include <algorithm>

namespace sluice::store {

void TurnQueue::request(std::weak_ptr<AttachedView> view, std::uint64_t ticket) {
  waiting_.push_back({std::move(view), ticket});
  if (!busy()) grant_next();
}

void TurnQueue::cancel(const std::weak_ptr<AttachedView>& view, std::uint64_t ticket) {
  std::erase_if(waiting_, [&](const Waiting& waiting) {
    return waiting.ticket == ticket && !waiting.view.owner_before(view) &&
           !view.owner_before(waiting.view);
  });
}

void TurnQueue::release() { grant_next(); }

void TurnQueue::grant_next() {
  while (!waiting_.empty()) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    if (const auto view = next.view.lock()) {
      busy_.store(true, std::memory_order_release);
      view->grant_turn(next.ticket);
      return;
    }
  }
  busy_.store(false, std::memory_order_release);
}

}  // namespace sluice::store
