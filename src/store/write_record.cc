// SPDX-License-Identifier: Apache-2.0
#include "store/write_record.h"

#include <algorithm>

namespace sluice::store {
namespace {

observe::Histogram::Counts counts_of(const observe::Histogram& histogram) {
  observe::Histogram::Counts counts{};
  histogram.add_to(counts);
  return counts;
}

WriteStatistics::Quantiles quantiles_of(const observe::Histogram& histogram) {
  const observe::Histogram::Counts counts = counts_of(histogram);
  const std::uint64_t total = observe::total_of(counts);
  const std::uint64_t max = histogram.max();
  const auto quantile = [&](std::uint64_t percent) {
    return std::min(observe::value_at(counts, (total * percent + 99) / 100).value_or(max), max);
  };
  return {.p50 = quantile(50), .p99 = quantile(99), .max = max};
}

}  // namespace

void WriteRecord::wrote(std::uint64_t commits, Duration duration) {
  groups_.add();
  commits_.add(commits);
  group_size_.add(commits);
  const auto us = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
  write_us_.add(us);
  total_us_.add(us);
}

WriteStatistics WriteRecord::statistics() const {
  WriteStatistics statistics;
  statistics.groups = groups_.get();
  statistics.commits = commits_.get();
  statistics.failures = failures_.get();
  statistics.group_size = quantiles_of(group_size_);
  statistics.write_us = quantiles_of(write_us_);
  statistics.writes = observe::coarse(counts_of(write_us_), total_us_.get());
  return statistics;
}

}  // namespace sluice::store
