// SPDX-License-Identifier: Apache-2.0
// Recent: what a core has checked lately, by the digest of what a client sent, so that the same
// proof is not checked again for each request. Core-bound. The oldest entry makes room.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/time.h"

namespace sluice::filters {

template <class T>
class Recent {
 public:
  Recent(std::size_t entries_max, Duration keep_for)
      : entries_max_(entries_max), keep_for_(keep_for) {}

  // Null if there is none, or it is older than `keep_for`. Valid until the next put() or clear().
  [[nodiscard]] const T* find(const std::string& digest, TimePoint now) {
    const auto found = index_.find(digest);
    if (found == index_.end()) return nullptr;
    if (now < found->second->until) return &found->second->value;
    entries_.erase(found->second);
    index_.erase(found);
    return nullptr;
  }
  void put(const std::string& digest, T value, TimePoint now) {
    if (keep_for_ <= Duration::zero()) return;
    if (const auto found = index_.find(digest); found != index_.end()) {
      entries_.erase(found->second);
      index_.erase(found);
    }
    if (entries_.size() == entries_max_) {
      index_.erase(entries_.front().digest);
      entries_.pop_front();
    }
    entries_.push_back({digest, std::move(value), now + keep_for_});
    index_.emplace(entries_.back().digest, std::prev(entries_.end()));
  }
  void clear() {
    index_.clear();
    entries_.clear();
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string digest;
    T value;
    TimePoint until;
  };

  std::size_t entries_max_;
  Duration keep_for_;
  std::list<Entry> entries_;  // the oldest first
  std::unordered_map<std::string_view, typename std::list<Entry>::iterator> index_;
};

}  // namespace sluice::filters
