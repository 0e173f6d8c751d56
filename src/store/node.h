// SPDX-License-Identifier: Apache-2.0
// Node: one commit in a namespace's chain; immutable from the moment it is linked. `next` is the
// only word that threads fight for.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "store/record.h"

namespace sluice::store {

enum class Op : std::uint8_t {
  put,
  erase,  // the record holds the key only
};

struct Write {
  RecordRef record;
  std::uint32_t hash;  // of the key
  Op op;
};

struct Bulk;

struct Node {
  Node();
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  std::atomic<Node*> next{nullptr};
  Version version = 0;
  std::vector<Write> writes;
  std::unique_ptr<Bulk> bulk;  // instead of writes

  // Before linking only.
  void stamp(Version value);
};

using NodePtr = std::unique_ptr<Node>;

}  // namespace sluice::store
