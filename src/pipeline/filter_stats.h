// SPDX-License-Identifier: Apache-2.0
// FilterStats: the runs of a filter of a pipeline, by result: their number and their durations.
// Updates of the pipeline keep them.
#pragma once

#include <span>
#include <string_view>

#include "base/time.h"
#include "observe/durations.h"

namespace sluice::pipeline {

class FilterStats {
 public:
  // `results`: those of the kind, without "". Requires: they outlive this.
  FilterStats(unsigned core_count, std::span<const std::string_view> results)
      : results_(results), durations_(core_count, results.size() + kFirstResult) {}

  // On the core's thread.
  void record(unsigned core, std::string_view result, Duration duration) {
    durations_.add(core, row_of(result), duration);
  }
  // Any thread: calls `visit` with each result that was returned, and its durations.
  template <class Visit>
  void each(const Visit& visit) const {
    for (std::size_t row = 0; row < durations_.rows(); ++row) {
      const observe::DurationCounts counts = durations_.sum(row);
      if (counts.count() > 0) visit(name_of(row), counts);
    }
  }

 private:
  static constexpr std::size_t kSuccess = 0;
  static constexpr std::size_t kOther = 1;  // no kind returns one
  static constexpr std::size_t kFirstResult = 2;

  [[nodiscard]] std::size_t row_of(std::string_view result) const {
    if (result.empty()) return kSuccess;
    for (std::size_t i = 0; i < results_.size(); ++i) {
      if (results_[i] == result) return i + kFirstResult;
    }
    return kOther;
  }
  [[nodiscard]] std::string_view name_of(std::size_t row) const {
    if (row == kSuccess) return "success";
    return row == kOther ? "other" : results_[row - kFirstResult];
  }

  const std::span<const std::string_view> results_;
  observe::DurationTable durations_;
};

}  // namespace sluice::pipeline
