// SPDX-License-Identifier: Apache-2.0
// Candidates: numbers from several lists, in ascending order and once each. One thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace sluice::router {

// The place of a path among all paths of a server, in the order in which they are tried.
using Ordinal = std::uint32_t;

class Candidates {
 public:
  // Requires: every list ascends and outlives this; next() was not called yet.
  void add(std::span<const Ordinal> list) {
    if (list.empty()) return;
    if (count_ < lists_.size()) {
      lists_[count_++] = {list.data(), list.data() + list.size()};
    } else {
      more_.insert(more_.end(), list.begin(), list.end());
    }
  }
  void keep(std::vector<Ordinal> list) { add(kept_.emplace_back(std::move(list))); }
  // Returns the next number; nullopt: there is none.
  [[nodiscard]] std::optional<Ordinal> next() {
    if (!more_.empty()) merge();
    std::optional<Ordinal> least;
    for (std::size_t i = 0; i < count_; ++i) {
      const List& list = lists_[i];
      if (list.next != list.end && (!least || *list.next < *least)) least = *list.next;
    }
    if (!least) return least;
    for (std::size_t i = 0; i < count_; ++i) {
      List& list = lists_[i];
      if (list.next != list.end && *list.next == *least) ++list.next;
    }
    return least;
  }

 private:
  static constexpr std::size_t kListsInline = 12;
  struct List {
    const Ordinal* next;
    const Ordinal* end;
  };

  // Makes one list of all: a merge of many lists looks at each of them for each number.
  void merge() {
    std::vector<Ordinal> all = std::exchange(more_, {});
    for (std::size_t i = 0; i < count_; ++i) all.insert(all.end(), lists_[i].next, lists_[i].end);
    std::ranges::sort(all);
    all.erase(std::ranges::unique(all).begin(), all.end());
    count_ = 0;
    keep(std::move(all));
  }

  std::array<List, kListsInline> lists_;  // the first `count_`
  std::size_t count_ = 0;
  std::vector<Ordinal> more_;               // of lists beyond kListsInline
  std::vector<std::vector<Ordinal>> kept_;  // lists that belong to this
};

}  // namespace sluice::router
