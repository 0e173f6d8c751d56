// SPDX-License-Identifier: Apache-2.0
// Exposition: figures as the text that Prometheus reads. A family of figures is declared once, as a
// constant, with its type, unit, help and labels; its samples are collected from anywhere, in any
// order. docs/metrics.md is made of the declarations. A class that derives from Exposition takes
// the figures as numbers instead.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/durations.h"

namespace sluice::observe {

enum class MetricType { counter, gauge, summary, histogram };
[[nodiscard]] std::string_view to_string(MetricType type);

// A constant: its texts outlive the Exposition.
struct MetricFamily {
  std::string_view name;  // of a counter of ours: ends in _total
  MetricType type;
  std::string_view help;      // without quotes and backslashes
  std::string_view unit{};    // the name ends in it, before _total
  std::string_view labels{};  // the names, separated by commas
};
using MetricFamilies = std::span<const MetricFamily>;

using MetricLabels = std::vector<std::pair<std::string_view, std::string>>;
// In the order of MetricFamily::labels.
using LabelValues = std::initializer_list<std::string_view>;

enum class ExpositionFormat {
  text,         // Prometheus, version 0.0.4
  open_metrics  // OpenMetrics, version 1.0.0
};
[[nodiscard]] std::string_view content_type(ExpositionFormat format);

class Exposition {
 public:
  explicit Exposition(ExpositionFormat format = ExpositionFormat::text) : format_(format) {}
  Exposition(const Exposition&) = delete;
  Exposition& operator=(const Exposition&) = delete;
  virtual ~Exposition() = default;

  // `suffix`: "_sum" or "_count" of a summary.
  virtual void add(const MetricFamily& family, const MetricLabels& labels, double value,
                   std::string_view suffix = {});
  // A sample of a counter or gauge. Requires: as many values as the family has labels.
  virtual void sample(const MetricFamily& family, LabelValues values, double value);
  // A histogram of seconds.
  virtual void histogram(const MetricFamily& family, LabelValues values,
                         const DurationCounts& counts);
  // A quantile of a summary.
  virtual void quantile(const MetricFamily& family, LabelValues values, std::string_view quantile,
                        double value);
  // Families in the order of their names, each with HELP, TYPE and its samples as they were added.
  [[nodiscard]] std::string text() const;

 private:
  struct Block {
    const MetricFamily* family;
    std::string samples;
  };
  std::string& samples_of(const MetricFamily& family);
  static std::string rendered(const MetricFamily& family, LabelValues values);
  void append_head(std::string& out, const MetricFamily& family) const;

  ExpositionFormat format_;
  std::map<std::string_view, Block> blocks_;
};

}  // namespace sluice::observe
