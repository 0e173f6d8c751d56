// SPDX-License-Identifier: Apache-2.0
// Finds an item of a small list by the hash of its key. Searches few items linearly, and more by a
// hash table of positions. One thread at a time.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace sluice::store {

// Item has a member `hash`.
template <class Item>
class KeyIndex {
 public:
  // The position of the first item with this hash for which same(item); items.size() if none.
  template <class Same>
  [[nodiscard]] std::size_t find(const std::vector<Item>& items, std::uint32_t hash, Same same) {
    if (items.size() <= kFew) {
      const auto found = std::ranges::find_if(
          items, [&](const Item& item) { return item.hash == hash && same(item); });
      return static_cast<std::size_t>(found - items.begin());
    }
    keep_up(items);
    const std::size_t mask = positions_.size() - 1;
    for (std::size_t i = hash & mask; positions_[i] != 0; i = (i + 1) & mask) {
      const Item& item = items[positions_[i] - 1];
      if (item.hash == hash && same(item)) return positions_[i] - 1;
    }
    return items.size();
  }
  void clear() {
    positions_.clear();
    if (positions_.capacity() > kKeptMax) positions_.shrink_to_fit();
    indexed_ = 0;
  }

 private:
  static constexpr std::size_t kFew = 16;
  static constexpr std::size_t kKeptMax = 1024;  // clear() keeps at most this many slots allocated

  void keep_up(const std::vector<Item>& items) {
    if (items.size() * 2 > positions_.size()) {
      positions_.assign(std::bit_ceil(items.size() * 4), 0);
      indexed_ = 0;
    }
    const std::size_t mask = positions_.size() - 1;
    for (; indexed_ < items.size(); ++indexed_) {
      std::size_t i = items[indexed_].hash & mask;
      while (positions_[i] != 0) i = (i + 1) & mask;
      positions_[i] = static_cast<std::uint32_t>(indexed_ + 1);
    }
  }

  std::vector<std::uint32_t> positions_;  // position + 1; 0 = empty
  std::size_t indexed_ = 0;
};

}  // namespace sluice::store
