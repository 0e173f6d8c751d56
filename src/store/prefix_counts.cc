// SPDX-License-Identifier: Apache-2.0
#include "store/prefix_counts.h"

#include <algorithm>

namespace sluice::store {

const PrefixCounts::Counter* PrefixCounts::find(std::string_view prefix) {
  const auto found = counters_.find(prefix);
  if (found == counters_.end()) return nullptr;
  found->second.last_use = ++uses_;
  return &found->second;
}

const PrefixCounts::Counter& PrefixCounts::add(std::string_view prefix, std::uint64_t count,
                                               Version version) {
  if (counters_.size() >= kCountersMax) drop_oldest();
  const auto length = std::ranges::find(lengths_, prefix.size(), &Length::bytes);
  if (length == lengths_.end()) {
    lengths_.push_back({prefix.size(), 1});
  } else {
    ++length->counters;
  }
  Counter& counter = counters_[std::string(prefix)];
  counter = {count, version, ++uses_};
  return counter;
}

void PrefixCounts::erased_all(Version version) {
  for (auto& [prefix, counter] : counters_) {
    if (counter.count == 0) continue;
    counter.count = 0;
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
