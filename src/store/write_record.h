// SPDX-License-Identifier: Apache-2.0
// WriteRecord: how the journal's writes went. Its thread adds; any thread reads.
#pragma once

#include <array>

#include "observe/counter.h"
#include "observe/request_stats.h"
#include "store/store.h"

namespace sluice::store {

class WriteRecord {
 public:
  void wrote(std::uint64_t commits, Duration duration);
  void failed() { failures_.add(); }
  [[nodiscard]] WriteStatistics statistics() const;

 private:
  class Histogram {
   public:
    void add(std::uint64_t value);
    [[nodiscard]] WriteStatistics::Quantiles quantiles() const;

   private:
    // A bucket's bound is within 12.5 % of its values, whatever their unit.
    std::array<observe::Cell, observe::kLatencyBuckets> buckets_;
    observe::Cell max_;
  };

  observe::Cell groups_;
  observe::Cell commits_;
  observe::Cell failures_;
  Histogram group_size_;
  Histogram write_us_;
};

}  // namespace sluice::store
