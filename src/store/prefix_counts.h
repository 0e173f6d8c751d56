// SPDX-License-Identifier: Apache-2.0
// The number of keys per counted prefix of one view. Every insert and erase updates it, at a cost
// that depends only on the number of different prefix lengths. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/store.h"

namespace sluice::store {

class PrefixCounts {
 public:
  struct Counter {
    std::uint64_t count = 0;
    Version changed = 0;         // the last version that changed the count
    std::uint64_t last_use = 0;  // for dropping the least recently used
    std::uint64_t ticket = 0;    // nonzero while counting: `count` is the change since begin()
  };
  static constexpr std::size_t kCountersMax = 256;

  // null if the prefix is not counted (yet, or any more). Counts as a use.
  [[nodiscard]] const Counter* find(std::string_view prefix);
  // Requires: the prefix is not being counted. `count` is as of `version`. May drop the least
  // recently used counter.
  const Counter& add(std::string_view prefix, std::uint64_t count, Version version);
  // Begins a count as of `version` that finish() with the same ticket ends. find() returns null
  // until then.
  void begin(std::string_view prefix, Version version, std::uint64_t ticket);
  void finish(std::string_view prefix, std::uint64_t count, std::uint64_t ticket);
  // Requests a count of the prefix; begin() follows. Each prefix once, and no more than fit.
  void want(std::string_view prefix);
  [[nodiscard]] bool has_wanted() const { return !wanted_.empty(); }
  [[nodiscard]] std::vector<std::string> take_wanted() { return std::exchange(wanted_, {}); }
  // The prefixes newly counted since the last call without begin(), for a caller that keeps a list.
  [[nodiscard]] bool has_news() const { return !news_.empty(); }
  [[nodiscard]] std::vector<std::string> take_news() { return std::exchange(news_, {}); }

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
  Counter& make(std::string_view prefix);
  void change(std::string_view key, std::uint64_t difference, Version version);
  void drop_oldest();

  std::unordered_map<std::string, Counter, TextHash, std::equal_to<>> counters_;
  std::vector<Length> lengths_;
  std::vector<std::string> wanted_;
  std::vector<std::string> news_;
  std::uint64_t uses_ = 0;
};

}  // namespace sluice::store
