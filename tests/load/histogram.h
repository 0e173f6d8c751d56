// SPDX-License-Identifier: Apache-2.0
// Latencies in microseconds, log-linear: 64 buckets for each power of two, so percentiles are at
// most 1.6 % too high. Grows with the largest value.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace load {

class Histogram {
 public:
  void add(std::int64_t microseconds) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0));
    const std::size_t bucket = bucket_of(value);
    if (bucket >= counts_.size()) counts_.resize(bucket + 1);
    ++counts_[bucket];
    ++count_;
    max_ = std::max(max_, value);
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  // The upper bound of the bucket in which the part `part` (0 to 1) ends; 0 of nothing.
  [[nodiscard]] std::uint64_t at(double part) const {
    const auto rank = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count_))));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen >= rank) return std::min(bound_of(bucket), max_);
    }
    return max_;
  }
  // null of nothing.
  [[nodiscard]] nlohmann::json report() const {
    if (count_ == 0) return nullptr;
    return {{"count", count_}, {"p50", at(0.5)},    {"p90", at(0.9)},
            {"p99", at(0.99)}, {"p999", at(0.999)}, {"max", max_}};
  }

 private:
  static constexpr unsigned kBits = 6;
  static constexpr std::uint64_t kLinear = std::uint64_t{1} << kBits;

  [[nodiscard]] static std::size_t bucket_of(std::uint64_t value) {
    if (value < kLinear) return static_cast<std::size_t>(value);
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
    return static_cast<std::size_t>((std::uint64_t{shift} << kBits) + (value >> shift));
  }
  [[nodiscard]] static std::uint64_t bound_of(std::size_t bucket) {
    if (bucket < kLinear) return bucket;
    const unsigned shift = static_cast<unsigned>((bucket >> kBits) - 1);
    const std::uint64_t base = (bucket & (kLinear - 1)) + kLinear;
    return ((base + 1) << shift) - 1;
  }

  std::vector<std::uint32_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace load
