// SPDX-License-Identifier: Apache-2.0
// Recent: what a core has checked lately, by the digest of what a client sent, so that the same
// proof is not checked again for each request. Core-bound. The oldest entry makes room.
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/memory_budget.h"
#include "base/time.h"
#include "loop/core.h"
#include "loop/event_loop.h"

namespace sluice::filters {

template <class T>
class Recent {
 public:
  // `keep_for`: 0: nothing is kept. Requires: the thread of `core`, which outlives this.
  Recent(const loop::Core& core, std::size_t entries_max, Duration keep_for)
      : entries_max_(entries_max),
        keep_for_(keep_for),
        account_(core.loop.memory()),
        memory_(account_, MemoryUse::filter_caches) {}

  // Null if there is none, or it is older than `keep_for`. Valid until the next call.
  [[nodiscard]] const T* find(const std::string& digest, TimePoint now) {
    const auto found = index_.find(digest);
    if (found == index_.end()) return nullptr;
    if (now < found->second->until) return &found->second->value;
    remove(found->second);
    return nullptr;
  }
  // `bytes`: what the value holds. Keeps nothing if the memory of the process is short.
  void put(const std::string& digest, T value, std::size_t bytes, TimePoint now) {
    if (keep_for_ <= Duration::zero() || is_tight()) return;
    if (const auto found = index_.find(digest); found != index_.end()) remove(found->second);
    if (entries_.size() == entries_max_) remove(entries_.begin());
    bytes += kEntryBytes;
    if (memory_.try_set(memory_.bytes() + bytes) != MemoryRefusal::none) return;
    entries_.push_back({digest, std::move(value), now + keep_for_, bytes});
    index_.emplace(entries_.back().digest, std::prev(entries_.end()));
  }
  void clear() {
    index_.clear();
    entries_.clear();
    memory_.clear();
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string digest;
    T value;
    TimePoint until;
    std::size_t bytes;
  };
  using Position = typename std::list<Entry>::iterator;
  static constexpr std::size_t kEntryBytes = 256;  // digest, index and list

  [[nodiscard]] bool is_tight() const {
    return account_.budget() != nullptr && account_.budget()->tight();
  }
  void remove(Position at) {
    memory_.set(memory_.bytes() - at->bytes);
    index_.erase(at->digest);
    entries_.erase(at);
  }

  std::size_t entries_max_;
  Duration keep_for_;
  std::list<Entry> entries_;  // the oldest first
  std::unordered_map<std::string_view, Position> index_;
  MemoryAccount& account_;
  MemoryCharge memory_;
};

}  // namespace sluice::filters
