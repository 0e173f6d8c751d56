// SPDX-License-Identifier: Apache-2.0
#include "store/write_record.h"

#include <algorithm>

namespace sluice::store {

void WriteRecord::wrote(std::uint64_t commits, Duration duration) {
  groups_.add();
  commits_.add(commits);
  group_size_.add(commits);
  write_us_.add(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count()));
}

WriteStatistics WriteRecord::statistics() const {
  WriteStatistics statistics;
  statistics.groups = groups_.get();
  statistics.commits = commits_.get();
  statistics.failures = failures_.get();
  statistics.group_size = group_size_.quantiles();
  statistics.write_us = write_us_.quantiles();
  return statistics;
}

void WriteRecord::Histogram::add(std::uint64_t value) {
  buckets_[observe::latency_bucket(value)].add();
  max_.set(std::max(max_.get(), value));
}

WriteStatistics::Quantiles WriteRecord::Histogram::quantiles() const {
  std::array<std::uint64_t, observe::kLatencyBuckets> counts{};
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) total += counts[i] = buckets_[i].get();
  const std::uint64_t max = max_.get();
  const auto quantile = [&](std::uint64_t percent) {
    const std::uint64_t rank = (total * percent + 99) / 100;
    std::uint64_t passed = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      passed += counts[i];
      if (rank > 0 && passed >= rank) return std::min(observe::latency_bound(i), max);
    }
    return max;
  };
  return {.p50 = quantile(50), .p99 = quantile(99), .max = max};
}

}  // namespace sluice::store
