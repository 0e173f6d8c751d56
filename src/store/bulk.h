// SPDX-License-Identifier: Apache-2.0
// Bulk: an administrative change of many keys, as one commit of the chain. The requesting thread
// builds the resulting state. Cores apply the bulk by copying that state (Replica::copy), which
// costs a core microseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/write.h"

namespace sluice::store {

class Replica;

struct Bulk {
  std::optional<std::string> clear;  // erases all keys with this prefix, before `puts`
  std::vector<Write> puts;           // in key order, each key once
  // The contents as of this commit, with its version. Null if no core held the namespace in memory.
  std::shared_ptr<Replica> state;
  // Until the commit is linked: the medium's staging job and its progress.
  std::int64_t job = 0;
  std::size_t staged = 0;

  // Sorts `puts` by key. If a key occurs twice, the last value wins.
  void sort();
  [[nodiscard]] bool clears(std::string_view key) const { return clear && key.starts_with(*clear); }
};

}  // namespace sluice::store
