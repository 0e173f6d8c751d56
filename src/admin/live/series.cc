// SPDX-License-Identifier: Apache-2.0
#include "admin/live/series.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace sluice::admin {
namespace {

using observe::DurationCounts;
using observe::kDurationBounds;
using observe::kDurationBuckets;
using observe::MetricType;

constexpr double kWholeMax = 1e15;  // a double holds whole numbers up to here
constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

DurationCounts difference(const DurationCounts& now, const DurationCounts& before) {
  DurationCounts added;
  for (std::size_t i = 0; i < kDurationBuckets; ++i)
    added.buckets[i] = now.buckets[i] - std::min(now.buckets[i], before.buckets[i]);
  added.total_us = now.total_us - std::min(now.total_us, before.total_us);
  return added;
}

// 4 digits: enough for a curve.
void append_short(float value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char text[32];
  const auto end =
      std::to_chars(std::begin(text), std::end(text), value, std::chars_format::general, 4).ptr;
  out.append(std::begin(text), end);
}

}  // namespace

double live_quantile(const DurationCounts& counts, double share) {
  const auto all = static_cast<double>(counts.count());
  double below = 0;
  double bound = 0;
  for (std::size_t i = 0; i < kDurationBounds.size(); ++i) {
    const auto here = static_cast<double>(counts.buckets[i]);
    const double next = static_cast<double>(kDurationBounds[i].us) / 1e6;
    if (here > 0 && below + here >= share * all)
      return bound + (next - bound) * (share * all - below) / here;
    below += here;
    bound = next;
  }
  return all > 0 ? bound : 0;
}

void append_live_number(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char text[32];
  const bool whole = std::abs(value) < kWholeMax && value == std::trunc(value);
  const auto end =
      whole ? std::to_chars(std::begin(text), std::end(text), static_cast<std::int64_t>(value)).ptr
            : std::to_chars(std::begin(text), std::end(text), value).ptr;
  out.append(std::begin(text), end);
}

void LiveSeries::add(double value) {
  sum_ = given_ ? sum_ + value : value;
  given_ = true;
}

void LiveSeries::add(const DurationCounts& counts) {
  if (!durations_) durations_ = std::make_unique<Durations>();
  if (!given_) durations_->now = {};
  durations_->now.add(counts);
  given_ = true;
}

bool LiveSeries::end_histogram(double seconds) {
  const DurationCounts added = difference(durations_->now, durations_->before);
  durations_->before = durations_->now;
  const auto count = static_cast<double>(added.count());
  value_ = static_cast<double>(durations_->now.count());
  const float before = std::exchange(rate_, static_cast<float>(count / seconds));
  mean_ = count > 0 ? static_cast<float>(static_cast<double>(added.total_us) / 1e6 / count) : 0;
  p50_ = static_cast<float>(live_quantile(added, 0.5));
  p99_ = static_cast<float>(live_quantile(added, 0.99));
  return count > 0 || before > 0;
}

bool LiveSeries::end(std::uint64_t pass, double seconds, LivePastBudget& budget) {
  given_ = false;
  bool changed = false;
  if (durations_) {
    changed = end_histogram(seconds);
  } else if (type_ == MetricType::counter) {
    const double added = std::max(0.0, sum_ - value_);
    const float before = std::exchange(rate_, static_cast<float>(added / seconds));
    changed = added > 0 || before > 0 || sum_ != value_;
    value_ = sum_;
  } else {
    changed = sum_ != value_;
    value_ = sum_;
  }
  keep(pass, budget);
  return changed;
}

bool LiveSeries::is_silent() const {
  return (durations_ || type_ == MetricType::counter) && value_ == 0;
}

std::array<float, LiveSeries::kColumns> LiveSeries::kept() const {
  if (!durations_) return {type_ == MetricType::counter ? rate_ : static_cast<float>(value_), 0, 0};
  return rate_ > 0 ? std::array{rate_, p50_, p99_} : std::array{0.0F, kUnknown, kUnknown};
}

void LiveSeries::keep(std::uint64_t pass, LivePastBudget& budget) {
  const std::size_t columns = durations_ ? kColumns : 1;
  const bool gauge = !durations_ && type_ != MetricType::counter;
  if (past_.empty()) {
    if ((is_silent() && !gauge) || budget.columns + columns > LivePastBudget::kColumnsMax) return;
    budget.columns += columns;
    past_.assign(columns * kLivePast, kUnknown);
    // A counter that was not there has counted nothing.
    if (!gauge) std::fill_n(past_.begin(), kLivePast, 0.0F);
  }
  const auto values = kept();
  for (std::size_t i = 0; i < columns; ++i) past_[i * kLivePast + pass % kLivePast] = values[i];
}

void LiveSeries::append_shown(std::string& out) const {
  const auto add_value = [&out](double value) {
    out += ',';
    append_live_number(value, out);
  };
  const auto add_short = [&out](float value) {
    out += ',';
    append_short(value, out);
  };
  add_value(value_);
  if (durations_ || type_ == MetricType::counter) add_short(rate_);
  if (!durations_) return;
  add_short(mean_);
  add_short(p50_);
  add_short(p99_);
}

void LiveSeries::append_past(std::uint64_t pass, std::size_t samples, std::string& out) const {
  for (std::size_t column = 0; column < past_columns(); ++column) {
    out += ",[";
    for (std::size_t age = samples; age-- > 0;) {
      append_short(past_[column * kLivePast + (pass - age) % kLivePast], out);
      if (age > 0) out += ',';
    }
    out += ']';
  }
}

}  // namespace sluice::admin
