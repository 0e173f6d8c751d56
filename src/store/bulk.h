// SPDX-License-Identifier: Apache-2.0
// Bulk: an administrative change of many keys, one commit of the chain. The thread that asks for it
// makes ready what the cores' replicas will be like behind it; applying it is taking a copy of that
// (Replica::copy), which costs a core microseconds.
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
  std::optional<std::string> clear;  // first, every key that begins with this goes
  std::vector<Write> puts;           // then these come; in key order, each key once
  // The contents as of the commit, which has their version; null if nobody held the namespace in
  // memory then.
  std::shared_ptr<Replica> state;
  // The medium's, until the commit is linked: what it has made ready of it.
  std::int64_t job = 0;
  std::size_t staged = 0;

  // Brings `puts` into order; of a key that comes twice the last value counts.
  void sort();
  [[nodiscard]] bool clears(std::string_view key) const { return clear && key.starts_with(*clear); }
};

}  // namespace sluice::store
