// SPDX-License-Identifier: Apache-2.0
#include "observe/request_stats.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace sluice::observe {
namespace {

constexpr std::size_t kWindowSamples = 12;  // of 5 s each: the last minute

// In milliseconds.
double percentile(const Histogram::Counts& counts, std::uint64_t total, double fraction) {
  const auto rank = static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(total)));
  return static_cast<double>(value_at(counts, rank).value_or(0)) / 1000;
}

double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

}  // namespace

RequestStats::RequestStats(unsigned core_count) : cells_(core_count) {}

void RequestStats::record(unsigned core, int status, Duration duration, std::uint64_t request_bytes,
                          std::uint64_t response_bytes) {
  Cells& mine = cells_.at(core);
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count() / 1000));
  if (status >= 400) mine.errors.add();
  mine.request_bytes.add(request_bytes);
  mine.response_bytes.add(response_bytes);
  mine.total_us.add(us);
  if (mine.min_us.get() == 0 || us + 1 < mine.min_us.get()) mine.min_us.set(us + 1);
  mine.latency.add(us);
  if (status >= 100 && status < 600) mine.codes[static_cast<std::size_t>(status - 100)].add();
  mine.count.add();  // last: a reader that waits for it finds the others
}

Histogram::Counts RequestStats::latencies() const {
  Histogram::Counts sum{};
  for (unsigned core = 0; core < cells_.size(); ++core) cells_.at(core).latency.add_to(sum);
  return sum;
}

DurationCounts RequestStats::durations() const {
  return coarse(latencies(), cells_.sum(&Cells::total_us));
}

std::array<std::uint64_t, RequestStats::kClasses> RequestStats::classes() const {
  constexpr std::size_t kOfClass = 100;
  std::array<std::uint64_t, kClasses> sums{};
  for (unsigned core = 0; core < cells_.size(); ++core) {
    const auto& codes = cells_.at(core).codes;
    for (std::size_t i = 0; i < codes.size(); ++i) sums[i / kOfClass] += codes[i].get();
  }
  return sums;
}

// Computes the moving averages, as in `uptime`, per second.
void RequestStats::Rates::tick(std::uint64_t total, bool first) {
  const double seconds = std::chrono::duration<double>(kSamplePeriod).count();
  const double now = static_cast<double>(total - last) / seconds;
  last = total;
  const auto move = [&](double& average, double minutes) {
    const double alpha = 1 - std::exp(-seconds / 60 / minutes);
    average = first ? now : average + alpha * (now - average);
  };
  move(m1, 1);
  move(m5, 5);
  move(m15, 15);
}

void RequestStats::sample() {
  const MutexLock lock(mutex_);
  rate_.tick(cells_.sum(&Cells::count), !sampled_);
  error_rate_.tick(cells_.sum(&Cells::errors), !sampled_);
  sampled_ = true;
  window_.push_back(latencies());
  if (window_.size() > kWindowSamples) window_.pop_front();
}

Json RequestStats::to_json() const {
  const MutexLock lock(mutex_);
  Json json;
  const std::uint64_t count = cells_.sum(&Cells::count);
  json["count"] = count;
  json["errCount"] = cells_.sum(&Cells::errors);
  json["reqSize"] = cells_.sum(&Cells::request_bytes);
  json["respSize"] = cells_.sum(&Cells::response_bytes);
  json["m1"] = rate_.m1;
  json["m5"] = rate_.m5;
  json["m15"] = rate_.m15;
  json["m1Err"] = error_rate_.m1;
  json["m5Err"] = error_rate_.m5;
  json["m15Err"] = error_rate_.m15;
  json["m1ErrPercent"] = percent(error_rate_.m1, rate_.m1);
  json["m5ErrPercent"] = percent(error_rate_.m5, rate_.m5);
  json["m15ErrPercent"] = percent(error_rate_.m15, rate_.m15);

  std::uint64_t max_us = 0;
  std::uint64_t min_us = 0;
  Json codes = Json::object();
  std::array<std::uint64_t, 500> by_code{};
  for (unsigned core = 0; core < cells_.size(); ++core) {
    const Cells& cells = cells_.at(core);
    max_us = std::max(max_us, cells.latency.max());
    const std::uint64_t least = cells.min_us.get();
    if (least > 0 && (min_us == 0 || least < min_us)) min_us = least;
    for (std::size_t i = 0; i < by_code.size(); ++i) by_code[i] += cells.codes[i].get();
  }
  for (std::size_t i = 0; i < by_code.size(); ++i) {
    if (by_code[i] > 0) codes[std::to_string(i + 100)] = by_code[i];
  }
  json["codes"] = std::move(codes);
  json["max"] = static_cast<double>(max_us) / 1000;
  json["min"] = min_us > 0 ? static_cast<double>(min_us - 1) / 1000 : 0.0;
  json["mean"] = count > 0 ? static_cast<double>(cells_.sum(&Cells::total_us)) / 1000 /
                                 static_cast<double>(count)
                           : 0.0;

  Histogram::Counts recent = latencies();
  if (!window_.empty() && window_.size() == kWindowSamples) {
    for (std::size_t i = 0; i < recent.size(); ++i)
      recent[i] -= std::min(recent[i], window_.front()[i]);
  }
  const std::uint64_t total = total_of(recent);
  for (const auto& [name, fraction] : {std::pair{"p25", 0.25},
                                       {"p50", 0.5},
                                       {"p75", 0.75},
                                       {"p95", 0.95},
                                       {"p98", 0.98},
                                       {"p99", 0.99},
                                       {"p999", 0.999}}) {
    json[name] = percentile(recent, total, fraction);
  }
  return json;
}

}  // namespace sluice::observe
