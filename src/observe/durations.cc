// SPDX-License-Identifier: Apache-2.0
#include "observe/durations.h"

#include <numeric>

namespace sluice::observe {

std::uint64_t DurationCounts::count() const {
  return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

DurationCounts coarse(const Histogram::Counts& fine, std::uint64_t total_us) {
  DurationCounts counts{.total_us = total_us};
  std::size_t bucket = 0;
  for (std::size_t i = 0; i < fine.size(); ++i) {
    while (bucket < kDurationBounds.size() && Histogram::bound_of(i) > kDurationBounds[bucket].us)
      ++bucket;
    counts.buckets[bucket] += fine[i];
  }
  return counts;
}

DurationTable::DurationTable(unsigned core_count, std::size_t rows)
    : core_count_(core_count),
      rows_(rows),
      cores_(std::make_unique<std::atomic<Row*>[]>(core_count)) {}

DurationTable::~DurationTable() {
  for (unsigned core = 0; core < core_count_; ++core) delete[] cores_[core].load();
}

DurationTable::Row* DurationTable::make(unsigned core) {
  auto made = std::make_unique<Row[]>(rows_);
  cores_[core].store(made.get(), std::memory_order_release);
  return made.release();
}

DurationCounts DurationTable::sum(std::size_t row) const {
  DurationCounts counts;
  for (unsigned core = 0; core < core_count_; ++core) {
    const Row* its = cores_[core].load(std::memory_order_acquire);
    if (its == nullptr) continue;
    for (std::size_t i = 0; i < kDurationBuckets; ++i)
      counts.buckets[i] += its[row].buckets[i].get();
    counts.total_us += its[row].total_us.get();
  }
  return counts;
}

}  // namespace sluice::observe
