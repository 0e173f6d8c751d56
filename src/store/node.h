// SPDX-License-Identifier: Apache-2.0
// Node: one commit in a namespace's chain; immutable from the moment it is linked. `next` is the
// only word that threads fight for.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "store/bulk.h"
#include "store/write.h"

namespace sluice::store {

struct Node {
  Node() = default;
  ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  std::atomic<Node*> next{nullptr};
  Version version = 0;
  std::vector<Write> writes;
  std::unique_ptr<Bulk> bulk;  // instead of writes

  // Gives the commit, and each record that it writes, its version.
  // Requires: it is not linked, and no state of a bulk change stands for its records.
  void stamp(Version value);
};

using NodePtr = std::unique_ptr<Node>;

}  // namespace sluice::store
