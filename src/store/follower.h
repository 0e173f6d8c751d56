// SPDX-License-Identifier: Apache-2.0
// Follower: a Replica and its place in the chain, the last node applied. Nodes from that place on
// stay allocated (Chain::free_passed_nodes). One thread at a time, except applied() and keys().
#pragma once

#include <atomic>

#include "store/replica.h"

namespace sluice::store {

class Follower {
 public:
  // `place` has the version of `replica`.
  Follower(Replica replica, Node* place)
      : replica_(std::move(replica)),
        place_(place),
        applied_(place->version),
        keys_(replica_.size()) {}

  // Applies what has been appended since. False if the chain has ended (Chain::end).
  bool catch_up() {
    if (place_->next.load(std::memory_order_acquire) == nullptr) [[likely]]
      return true;
    return follow(Node::kEnd - 1);
  }
  // The same, but no further than `last`.
  bool follow(Version last);
  // Appends `node` right behind the replica's version and applies it. False, and the node stays
  // with the caller, if others have appended first, or the chain has ended: catch up and check
  // again.
  [[nodiscard]] bool append(NodePtr& node);
  // Moves to another chain. `place` has the version of `replica`. Returns the old replica.
  [[nodiscard]] Replica move_to_chain(Replica replica, Node* place);

  [[nodiscard]] Replica& replica() { return replica_; }
  [[nodiscard]] Version version() const { return replica_.version(); }
  [[nodiscard]] Node* place() const { return place_; }
  // Any thread: a version that the follower has reached.
  [[nodiscard]] Version applied() const { return applied_.load(std::memory_order_acquire); }
  // Any thread: the number of keys at about that version.
  [[nodiscard]] std::uint64_t keys() const { return keys_.load(std::memory_order_relaxed); }

 private:
  void move_to(Node* node);

  Replica replica_;
  Node* place_;
  std::atomic<Version> applied_;
  std::atomic<std::uint64_t> keys_;
};

}  // namespace sluice::store
