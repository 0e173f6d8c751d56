// SPDX-License-Identifier: Apache-2.0
// LiveFigures: the figures of /metrics as numbers, period by period, for the live picture: their
// values, rates and quantiles, those that have changed, and 15 minutes of the past. Each figure has
// the name and the labels that it has in /metrics. One thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "admin/live/series.h"
#include "observe/exposition.h"

namespace sluice::admin {

class LiveFigures final : public observe::Exposition {
 public:
  using Moment = std::chrono::system_clock::time_point;
  // Further series with labels are left out, and counted.
  static constexpr std::size_t kSeriesMax = 8192;
  // The series of one answer about the past.
  static constexpr std::size_t kPastSeriesMax = 512;

  // A pass: the figures come in, then end().
  void add(const observe::MetricFamily& family, const observe::MetricLabels& labels, double value,
           std::string_view suffix) override;
  void sample(const observe::MetricFamily& family, observe::LabelValues values,
              double value) override;
  void histogram(const observe::MetricFamily& family, observe::LabelValues values,
                 const observe::DurationCounts& counts) override;
  void quantile(const observe::MetricFamily& family, observe::LabelValues values,
                std::string_view quantile, double value) override;
  // Ends the pass that began `seconds` after the last one.
  void end(Moment now, double seconds);
  [[nodiscard]] std::uint64_t pass() const { return pass_; }

  // Each appends members of a JSON object, without its braces: everything, or what the last pass
  // has changed.
  void append_all(std::string& out) const;
  void append_changes(std::string& out) const;
  // The past of the families that are named, or of all.
  void append_past(const std::set<std::string, std::less<>>& names, std::string& out) const;

 private:
  struct Series {
    explicit Series(observe::MetricType type) : figure(type) {}
    LiveSeries figure;
    bool is_new = true;
    bool changed = false;  // by the last pass
  };
  struct Family {
    const observe::MetricFamily* declared;
    bool with_quantile = false;
    bool first_pass = true;  // the next pass is its first
    bool is_new = false;     // of the last pass
    // By the values of the labels, as JSON: ["web","shop"].
    std::map<std::string, Series, std::less<>> series{};
    std::vector<std::string> gone{};  // since the last pass
  };

  // Null if there are too many.
  LiveSeries* series_of(const observe::MetricFamily& family, std::string key);
  void add_requests(observe::LabelValues values, const observe::DurationCounts& counts);
  // Keeps what the routes that have gone since the last pass have counted, so that sums never fall.
  void retire_routes();
  void add_retired();
  void end_family(Family& family, double seconds);
  void append_moment(std::string& out) const;
  // `only_new`: of the families that came with the last pass.
  void append_declarations(bool only_new, std::string& out) const;

  std::map<std::string_view, Family> families_;
  // Of routes that have gone, by the labels of the sums.
  std::map<std::string, observe::DurationCounts, std::less<>> retired_;
  LivePastBudget budget_;
  std::uint64_t pass_ = 0;
  std::size_t series_ = 0;
  std::size_t left_out_ = 0;  // in the last pass
  std::size_t left_out_now_ = 0;
  Moment now_{};
  std::vector<std::int64_t> times_ = std::vector<std::int64_t>(kLivePast);  // ms since 1970, a ring
};

}  // namespace sluice::admin
