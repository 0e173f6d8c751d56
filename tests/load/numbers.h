// SPDX-License-Identifier: Apache-2.0
// A set of numbers of users. It grows by small blocks: numbers start anywhere, and one array up to
// the highest of them would hold up the requests that are due while it is made.
#pragma once

#include <bitset>
#include <cstdint>
#include <unordered_map>

namespace load {

class Numbers {
 public:
  [[nodiscard]] bool contains(std::uint64_t number) const {
    const auto block = blocks_.find(number / kBlock);
    return block != blocks_.end() && block->second[number % kBlock];
  }
  void insert(std::uint64_t number) { blocks_[number / kBlock].set(number % kBlock); }

 private:
  static constexpr std::uint64_t kBlock = 1 << 16;
  std::unordered_map<std::uint64_t, std::bitset<kBlock>> blocks_;  // by number / kBlock
};

}  // namespace load
