// SPDX-License-Identifier: Apache-2.0
// How many keys begin with each counted prefix of one view, kept up to date by every insert and
// erase at a cost that depends on the number of different prefix lengths only. One thread at a
// time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/store.h"

namespace sluice::store {

class PrefixCounts {
 public:
  struct Counter {
    std::uint64_t count = 0;
    Version changed = 0;         // the last version that changed the count
    std::uint64_t last_use = 0;  // for dropping the least recently used
  };
  static constexpr std::size_t kCountersMax = 256;

  // null if the prefix is not counted (yet, or any more). Counts as a use.
  [[nodiscard]] const Counter* find(std::string_view prefix);
  // `count` as of `version`. May drop the counter that was used least recently.
  const Counter& add(std::string_view prefix, std::uint64_t count, Version version);

  void inserted(std::string_view key, Version version) { change(key, 1, version); }
  void erased(std::string_view key, Version version) { change(key, ~std::uint64_t{0}, version); }
  void erased_all(Version version);

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Length {
    std::size_t bytes;
    std::size_t counters;  // how many prefixes have this length
  };
  void change(std::string_view key, std::uint64_t difference, Version version);
  void drop_oldest();

  std::unordered_map<std::string, Counter, TextHash, std::equal_to<>> counters_;
  std::vector<Length> lengths_;
  std::uint64_t uses_ = 0;
};

}  // namespace sluice::store
