// SPDX-License-Identifier: Apache-2.0
// WriteRecord: statistics of the journal's writes. The journal's thread adds; any thread reads.
#pragma once

#include "observe/counter.h"
#include "observe/histogram.h"
#include "store/store.h"

namespace sluice::store {

class WriteRecord {
 public:
  void wrote(std::uint64_t commits, Duration duration);
  void failed() { failures_.add(); }
  [[nodiscard]] WriteStatistics statistics() const;

 private:
  observe::Cell groups_;
  observe::Cell commits_;
  observe::Cell failures_;
  observe::Histogram group_size_;
  observe::Histogram write_us_;
  observe::Cell total_us_;
};

}  // namespace sluice::store
