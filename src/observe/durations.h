// SPDX-License-Identifier: Apache-2.0
// Durations by a few fixed bounds, for figures that many series share: by route and status, by
// filter and result. Each core adds to its own cells; reading sums the cores.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/time.h"
#include "observe/counter.h"
#include "observe/histogram.h"

namespace sluice::observe {

// The upper bounds of the buckets; the last bucket has none. Few, because each is a series of each
// route and class of status. From 100 ms on, where a client begins to wait, a step is at most 2.5.
struct DurationBound {
  std::uint64_t us;
  std::string_view seconds;  // as the exposition writes it
};
inline constexpr std::array kDurationBounds{
    DurationBound{1'000, "0.001"},   DurationBound{5'000, "0.005"},
    DurationBound{25'000, "0.025"},  DurationBound{100'000, "0.1"},
    DurationBound{200'000, "0.2"},   DurationBound{500'000, "0.5"},
    DurationBound{1'000'000, "1.0"}, DurationBound{2'000'000, "2.0"},
    DurationBound{5'000'000, "5.0"}};
inline constexpr std::size_t kDurationBuckets = kDurationBounds.size() + 1;

struct DurationCounts {
  std::array<std::uint64_t, kDurationBuckets> buckets{};  // each without those below
  std::uint64_t total_us = 0;
  [[nodiscard]] std::uint64_t count() const;
  void add(const DurationCounts& more) {
    for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += more.buckets[i];
    total_us += more.total_us;
  }
};

// The counts of a fine histogram of microseconds. A value counts below a bound if its whole fine
// bucket does.
[[nodiscard]] DurationCounts coarse(const Histogram::Counts& fine, std::uint64_t total_us);

// Rows of durations, as one per result. A core has no cells before its first duration.
class DurationTable {
 public:
  DurationTable(unsigned core_count, std::size_t rows);
  ~DurationTable();
  DurationTable(const DurationTable&) = delete;
  DurationTable& operator=(const DurationTable&) = delete;

  // On the core's thread. Requires: `row` is below the number of rows.
  void add(unsigned core, std::size_t row, Duration duration) {
    Row* mine = cores_[core].load(std::memory_order_relaxed);
    if (mine == nullptr) [[unlikely]]
      mine = make(core);
    const auto us = duration.count() > 0 ? static_cast<std::uint64_t>(duration.count()) / 1000 : 0;
    std::size_t bucket = 0;
    while (bucket < kDurationBounds.size() && us > kDurationBounds[bucket].us) ++bucket;
    mine[row].buckets[bucket].add();
    mine[row].total_us.add(us);
  }
  // Any thread.
  [[nodiscard]] DurationCounts sum(std::size_t row) const;
  [[nodiscard]] std::size_t rows() const { return rows_; }

 private:
  struct Row {
    std::array<Cell, kDurationBuckets> buckets;
    Cell total_us;
  };
  Row* make(unsigned core);

  const unsigned core_count_;
  const std::size_t rows_;
  // Each is written once, by its core.
  std::unique_ptr<std::atomic<Row*>[]> cores_;
};

}  // namespace sluice::observe
