// SPDX-License-Identifier: Apache-2.0
// Histogram: a log-linear distribution of values, with 8 buckets for each power of two. The bound
// of a bucket is within 12.5 % of its values, in any unit. One thread adds, any thread reads.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "observe/counter.h"

namespace sluice::observe {

class Histogram {
 public:
  static constexpr std::size_t kBuckets = 264;
  using Counts = std::array<std::uint64_t, kBuckets>;

  // The last bucket holds every value from 15 * 2^31 on.
  [[nodiscard]] static std::size_t bucket_of(std::uint64_t value) {
    if (value < 8) return static_cast<std::size_t>(value);
    const int exponent = static_cast<int>(std::bit_width(value)) - 4;  // keeps 4 significant bits
    const std::size_t bucket =
        static_cast<std::size_t>(exponent) * 8 + static_cast<std::size_t>(value >> exponent);
    return std::min(bucket, kBuckets - 1);
  }
  // The greatest value of a bucket.
  [[nodiscard]] static std::uint64_t bound_of(std::size_t bucket);

  void add(std::uint64_t value) {
    buckets_[bucket_of(value)].add();
    if (value > max_.get()) max_.set(value);
  }
  // Adds the number of values in each bucket to `sum`.
  void add_to(Counts& sum) const;
  // The greatest value that was added; 0 if none was.
  [[nodiscard]] std::uint64_t max() const { return max_.get(); }

 private:
  std::array<Cell, kBuckets> buckets_;
  Cell max_;
};

// The number of values in all buckets.
[[nodiscard]] std::uint64_t total_of(const Histogram::Counts& counts);
// The bound of the bucket that holds the value of the given rank; the least value has rank 1.
// nullopt: there are fewer values, or `rank` is 0.
[[nodiscard]] std::optional<std::uint64_t> value_at(const Histogram::Counts& counts,
                                                    std::uint64_t rank);

}  // namespace sluice::observe
