// SPDX-License-Identifier: Apache-2.0
// Exposition: figures as the text that Prometheus reads. A family of figures is declared once, as a
// constant, with its type and its help; its samples are collected from anywhere, in any order.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::observe {

enum class MetricType { counter, gauge, summary };

// A constant: its texts outlive the Exposition.
struct MetricFamily {
  std::string_view name;
  MetricType type;
  std::string_view help;
};

using MetricLabels = std::vector<std::pair<std::string_view, std::string>>;

class Exposition {
 public:
  // `suffix`: "_sum" or "_count" of a summary.
  void add(const MetricFamily& family, const MetricLabels& labels, double value,
           std::string_view suffix = {});
  // Families in the order of their names, each with HELP, TYPE and its samples as they were added.
  [[nodiscard]] std::string text() const;

 private:
  struct Block {
    MetricType type;
    std::string_view help;
    std::string samples;
  };
  std::map<std::string_view, Block> blocks_;
};

}  // namespace sluice::observe
