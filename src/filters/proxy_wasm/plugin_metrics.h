// SPDX-License-Identifier: Apache-2.0
// PluginMetrics: the metrics that the guests of a filter define, common to all cores. They outlive
// the generations of the filter. No lock. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "filters/proxy_wasm/append_map.h"

namespace sluice::filters::proxy_wasm {

inline constexpr std::size_t kMetricsMax = 200;  // of a filter
inline constexpr std::size_t kMetricNameBytesMax = 200;

enum class MetricKind : std::uint32_t { counter = 0, gauge = 1, histogram = 2 };

struct PluginMetric {
  explicit PluginMetric(MetricKind its_kind) : kind(its_kind) {}

  const MetricKind kind;
  std::atomic<std::uint64_t> value{0};  // of a histogram: the sum of its values
  std::atomic<std::uint64_t> count{0};  // of a histogram
};

using PluginMetrics = AppendMap<PluginMetric>;

// True for printable ASCII, of which the name of a metric may consist.
[[nodiscard]] bool is_metric_name(std::string_view name);

}  // namespace sluice::filters::proxy_wasm
