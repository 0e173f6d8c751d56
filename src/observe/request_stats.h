// SPDX-License-Identifier: Apache-2.0
// Statistics of requests: counts, rates, latency, sizes, status codes. Each core adds to its own
// cells; reading has no side effects. Rates and percentiles are as of the last sample().
#pragma once

#include <array>
#include <deque>

#include "base/json.h"
#include "base/mutex.h"
#include "base/time.h"
#include "observe/counter.h"
#include "observe/durations.h"
#include "observe/histogram.h"

namespace sluice::observe {

class RequestStats {
 public:
  explicit RequestStats(unsigned core_count);

  // On the core's thread.
  void record(unsigned core, int status, Duration duration, std::uint64_t request_bytes,
              std::uint64_t response_bytes);
  // One thread, every kSamplePeriod: advances the rates and the window of the percentiles.
  void sample();
  static constexpr std::chrono::seconds kSamplePeriod{5};
  // Any thread: count, errCount, m1 ... m15ErrPercent, min max mean p25 ... p999 (ms; the last
  // minute for the percentiles), reqSize, respSize, codes.
  [[nodiscard]] Json to_json() const;
  // Any thread: the requests since the start.
  [[nodiscard]] std::uint64_t count() const { return cells_.sum(&Cells::count); }
  [[nodiscard]] std::uint64_t errors() const { return cells_.sum(&Cells::errors); }
  [[nodiscard]] std::uint64_t request_bytes() const { return cells_.sum(&Cells::request_bytes); }
  [[nodiscard]] std::uint64_t response_bytes() const { return cells_.sum(&Cells::response_bytes); }
  [[nodiscard]] DurationCounts durations() const;
  static constexpr std::size_t kClasses = 5;  // of status: 1xx to 5xx
  // Any thread: the requests of each class.
  [[nodiscard]] std::array<std::uint64_t, kClasses> classes() const;

 private:
  struct Cells {
    Cell count;
    Cell errors;
    Cell request_bytes;
    Cell response_bytes;
    Cell total_us;
    Cell min_us;                  // 0: none yet; else the value + 1
    Histogram latency;            // in microseconds
    std::array<Cell, 500> codes;  // status - 100
  };
  [[nodiscard]] Histogram::Counts latencies() const;

  PerCore<Cells> cells_;

  // Written by sample(), read by to_json(): neither is on the request path.
  mutable Mutex mutex_;
  struct Rates {
    double m1 = 0;
    double m5 = 0;
    double m15 = 0;
    std::uint64_t last = 0;
    void tick(std::uint64_t total, bool first);
  };
  Rates rate_ SLUICE_GUARDED_BY(mutex_);
  Rates error_rate_ SLUICE_GUARDED_BY(mutex_);
  bool sampled_ SLUICE_GUARDED_BY(mutex_) = false;
  std::deque<Histogram::Counts> window_
      SLUICE_GUARDED_BY(mutex_);  // oldest first, at most a minute
};

}  // namespace sluice::observe
