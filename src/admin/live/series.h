// SPDX-License-Identifier: Apache-2.0
// LiveSeries: one figure of the live picture: its value, what the last period added, and the past.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "observe/durations.h"
#include "observe/exposition.h"

namespace sluice::admin {

// The samples that a series keeps: 15 minutes of LiveSampler::kPeriod.
inline constexpr std::size_t kLivePast = 1000;

// The series that may keep the past, together. Each column of one takes 4 KB.
struct LivePastBudget {
  static constexpr std::size_t kColumnsMax = 8192;
  std::size_t columns = 0;
};

class LiveSeries {
 public:
  // The columns that are kept: of a gauge its value, of a counter its rate, of a histogram rate,
  // median and 99th percentile.
  static constexpr std::size_t kColumns = 3;

  explicit LiveSeries(observe::MetricType type) : type_(type) {}

  // Between two calls of end(): the value, or a part of it.
  void add(double value);
  void add(const observe::DurationCounts& counts);
  // Ends a pass, `seconds` after the last one. Returns whether something has changed.
  bool end(std::uint64_t pass, double seconds, LivePastBudget& budget);
  // Of a histogram: what it had counted at the last end().
  [[nodiscard]] const observe::DurationCounts& counted() const { return durations_->before; }
  // True if add() was called since the last end().
  [[nodiscard]] bool is_given() const { return given_; }
  // True for a counter that has not counted yet, which readers take for 0.
  [[nodiscard]] bool is_silent() const;
  void release(LivePastBudget& budget) const { budget.columns -= past_columns(); }

  // Appends ",VALUE" of a gauge, ",TOTAL,RATE" of a counter, ",COUNT,RATE,MEAN,P50,P99" of a
  // histogram.
  void append_shown(std::string& out) const;
  // Appends one list for each column that is kept, oldest first: ",[…]". `samples` is the number of
  // passes that there were, at most kLivePast.
  void append_past(std::uint64_t pass, std::size_t samples, std::string& out) const;
  [[nodiscard]] bool has_past() const { return past_columns() > 0; }

 private:
  struct Durations {
    observe::DurationCounts now;
    observe::DurationCounts before;
  };
  [[nodiscard]] bool end_histogram(double seconds);
  [[nodiscard]] std::size_t past_columns() const { return past_.size() / kLivePast; }
  [[nodiscard]] std::array<float, kColumns> kept() const;
  void keep(std::uint64_t pass, LivePastBudget& budget);

  const observe::MetricType type_;
  bool given_ = false;
  double sum_ = 0;  // of this pass
  double value_ = 0;
  float rate_ = 0;
  float mean_ = 0;
  float p50_ = 0;
  float p99_ = 0;
  std::unique_ptr<Durations> durations_;  // of a histogram
  std::vector<float> past_;               // column after column, each a ring
};

// The `share` of the values of `counts` that is below the result, in seconds, by even spread within
// a bucket. 0 without values; the last bound beyond it.
[[nodiscard]] double live_quantile(const observe::DurationCounts& counts, double share);
// null for a value that JSON cannot hold.
void append_live_number(double value, std::string& out);

}  // namespace sluice::admin
