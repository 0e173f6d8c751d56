// SPDX-License-Identifier: Apache-2.0
#include "observe/histogram.h"

#include <numeric>

namespace sluice::observe {

std::uint64_t Histogram::bound_of(std::size_t bucket) {
  if (bucket < 8) return bucket;
  const std::size_t exponent = bucket / 8 - 1;
  return ((bucket % 8 + 8 + 1) << exponent) - 1;
}

void Histogram::add_to(Counts& sum) const {
  for (std::size_t i = 0; i < kBuckets; ++i) sum[i] += buckets_[i].get();
}

std::uint64_t total_of(const Histogram::Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::optional<std::uint64_t> value_at(const Histogram::Counts& counts, std::uint64_t rank) {
  if (rank == 0) return std::nullopt;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    seen += counts[i];
    if (seen >= rank) return Histogram::bound_of(i);
  }
  return std::nullopt;
}

}  // namespace sluice::observe
