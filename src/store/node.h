// SPDX-License-Identifier: Apache-2.0
// Node: one commit in a namespace's chain, immutable once linked. Threads contend for `next` only.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "store/bulk.h"
#include "store/limit.h"
#include "store/random_id.h"
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
  std::unique_ptr<Bulk> bulk;            // instead of writes
  std::unique_ptr<ExchangeId> exchange;  // null: no other member has handed the run over
  // The limit of the namespace behind this commit; null: the same as before. `used` counts only if
  // the prefix is another one.
  std::unique_ptr<HeldLimit> limit;

  // Sets the version of the commit and of each record that it writes. Requires: the node is not
  // linked, and no bulk state holds its records.
  void stamp(Version value);
  // True for the node that ends a chain. It is no commit, and no node follows it.
  [[nodiscard]] bool is_end() const { return version == kEnd; }

  static constexpr Version kEnd = ~Version{0};
};

using NodePtr = std::unique_ptr<Node>;

}  // namespace sluice::store
