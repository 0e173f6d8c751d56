// SPDX-License-Identifier: Apache-2.0
#include "store/follower.h"

namespace sluice::store {

void Follower::follow(Version last) {
  while (Node* next = place_->next.load(std::memory_order_acquire)) {
    if (next->version > last) return;
    move_to(next);
  }
}

bool Follower::append(NodePtr& node) {
  node->stamp(place_->version + 1);
  Node* expected = nullptr;
  // seq_cst: the journal must not go to sleep between this store and the ring of its bell.
  if (!place_->next.compare_exchange_strong(expected, node.get(), std::memory_order_seq_cst,
                                            std::memory_order_relaxed)) {
    return false;
  }
  move_to(node.release());
  return true;
}

void Follower::move_to(Node* node) {
  replica_.apply(*node);
  place_ = node;
  keys_.store(replica_.size(), std::memory_order_relaxed);
  applied_.store(node->version, std::memory_order_release);
}

}  // namespace sluice::store
