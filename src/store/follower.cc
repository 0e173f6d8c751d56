// SPDX-License-Identifier: Apache-2.0
#include "store/follower.h"

namespace sluice::store {

bool Follower::follow(Version last) {
  while (Node* next = place_->next.load(std::memory_order_acquire)) {
    if (next->version > last) return !next->is_end();
    move_to(next);
  }
  return true;
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

Replica Follower::move_to_chain(Replica replica, Node* place) {
  std::swap(replica_, replica);
  place_ = place;
  keys_.store(replica_.size(), std::memory_order_relaxed);
  applied_.store(place->version, std::memory_order_release);
  return replica;
}

void Follower::move_to(Node* node) {
  replica_.apply(*node);
  place_ = node;
  keys_.store(replica_.size(), std::memory_order_relaxed);
  applied_.store(node->version, std::memory_order_release);
}

}  // namespace sluice::store
