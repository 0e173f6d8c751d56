// SPDX-License-Identifier: Apache-2.0
#include "store/prefix_counts.h"

#include <algorithm>

namespace sluice::store {

const PrefixCounts::Counter* PrefixCounts::find(std::string_view prefix) {
  const auto found = counters_.find(prefix);
  if (found == counters_.end() || found->second.ticket != 0) return nullptr;
  found->second.last_use = ++uses_;
  return &found->second;
}

PrefixCounts::Counter& PrefixCounts::make(std::string_view prefix) {
  if (const auto found = counters_.find(prefix); found != counters_.end()) return found->second;
  if (counters_.size() >= kCountersMax) drop_oldest();
  const auto length = std::ranges::find(lengths_, prefix.size(), &Length::bytes);
  if (length == lengths_.end()) {
    lengths_.push_back({prefix.size(), 1});
  } else {
    ++length->counters;
  }
  return counters_[std::string(prefix)];
}

const PrefixCounts::Counter& PrefixCounts::add(std::string_view prefix, std::uint64_t count,
                                               Version version) {
  if (news_.size() < kCountersMax) news_.emplace_back(prefix);
  Counter& counter = make(prefix);
  counter = {count, version, ++uses_};
  return counter;
}

void PrefixCounts::want(std::string_view prefix) {
  if (wanted_.size() >= kCountersMax) return;
  if (std::ranges::find(wanted_, prefix) == wanted_.end()) wanted_.emplace_back(prefix);
}

void PrefixCounts::begin(std::string_view prefix, Version version, std::uint64_t ticket) {
  make(prefix) = {0, version, ++uses_, ticket};
}

void PrefixCounts::finish(std::string_view prefix, std::uint64_t count, std::uint64_t ticket) {
  const auto found = counters_.find(prefix);
  if (found == counters_.end() || found->second.ticket != ticket) return;
  found->second.count += count;
  found->second.ticket = 0;
}

void PrefixCounts::erased_all(Version version) {
  for (auto& [prefix, counter] : counters_) {
    if (counter.count == 0 && counter.ticket == 0) continue;
    counter.count = 0;
    counter.ticket = 0;  // no keys are left to count
    counter.changed = version;
  }
}

void PrefixCounts::change(std::string_view key, std::uint64_t difference, Version version) {
  for (const Length& length : lengths_) {
    if (length.bytes > key.size()) continue;
    const auto found = counters_.find(key.substr(0, length.bytes));
    if (found == counters_.end()) continue;
    found->second.count += difference;
    found->second.changed = version;
  }
}

void PrefixCounts::drop_oldest() {
  const auto oldest = std::ranges::min_element(
      counters_, {}, [](const auto& entry) { return entry.second.last_use; });
  const auto length = std::ranges::find(lengths_, oldest->first.size(), &Length::bytes);
  if (--length->counters == 0) lengths_.erase(length);
  counters_.erase(oldest);
}

}  // namespace sluice::store
