// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/metrics.h"

#include <array>
#include <string>

namespace sluice::filters::proxy_wasm {
namespace {

using observe::MetricFamily;
using observe::MetricType;

constexpr std::string_view kPluginLabels = "pipeline,filter";
constexpr std::string_view kGuestsOwnLabels = "pipeline,filter,name";

// Indices of kPluginFamilies.
struct PluginFigure {
  enum Index : std::size_t {
    requests,
    answered,
    failures,
    replaced,
    calls,
    counter,
    gauge,
    histogram
  };
};
constexpr std::array kPluginFamilies{
    MetricFamily{"sluice_plugin_requests_total", MetricType::counter,
                 "Requests that came to the filter.", "", kPluginLabels},
    MetricFamily{"sluice_plugin_answered_total", MetricType::counter,
                 "Requests and responses that the guest has answered itself.", "", kPluginLabels},
    MetricFamily{
        "sluice_plugin_failures_total", MetricType::counter,
        "Requests, and callbacks beside requests, that failed, by cause: trap, timeout (of "
        "a callback or of a pause), or busy (the guest of the core was not free in time, "
        "or there was no memory for a body that it made).",
        "", "pipeline,filter,cause"},
    MetricFamily{"sluice_plugin_guests_replaced_total", MetricType::counter,
                 "Guests replaced after a failure.", "", kPluginLabels},
    MetricFamily{"sluice_plugin_calls_total", MetricType::counter,
                 "HTTP calls of the guest, by outcome: answered, or failed.", "",
                 "pipeline,filter,outcome"},
    MetricFamily{"sluice_plugin_counter_total", MetricType::counter,
                 "A counter that the guest has defined.", "", kGuestsOwnLabels},
    MetricFamily{"sluice_plugin_gauge", MetricType::gauge, "A gauge that the guest has defined.",
                 "", kGuestsOwnLabels},
    MetricFamily{"sluice_plugin_histogram", MetricType::summary,
                 "The number and the sum of the values that the guest has recorded in a histogram "
                 "of its own.",
                 "", kGuestsOwnLabels}};

}  // namespace

observe::MetricFamilies plugin_metric_families() { return kPluginFamilies; }

void expose_plugin(const PluginStatistics& statistics, const pipeline::FilterPlace& place,
                   observe::Exposition& out) {
  const auto sum = [&](observe::Cell PluginCounters::*cell) {
    return static_cast<double>(statistics.counters.sum(cell));
  };
  const auto add = [&](PluginFigure::Index family, double value) {
    out.sample(kPluginFamilies[family], {place.pipeline, place.filter}, value);
  };
  const auto by = [&](PluginFigure::Index family, std::string_view label, double value) {
    out.sample(kPluginFamilies[family], {place.pipeline, place.filter, label}, value);
  };
  add(PluginFigure::requests, sum(&PluginCounters::requests));
  add(PluginFigure::answered, sum(&PluginCounters::answered));
  add(PluginFigure::replaced, sum(&PluginCounters::replaced));
  by(PluginFigure::failures, "trap", sum(&PluginCounters::traps));
  by(PluginFigure::failures, "timeout", sum(&PluginCounters::timeouts));
  by(PluginFigure::failures, "busy", sum(&PluginCounters::no_vm));
  by(PluginFigure::calls, "answered", sum(&PluginCounters::calls_answered));
  by(PluginFigure::calls, "failed", sum(&PluginCounters::calls_failed));
}

void expose_metrics(const PluginMetrics& metrics, const pipeline::FilterPlace& place,
                    observe::Exposition& out) {
  metrics.each([&](std::string_view name, const PluginMetric& metric) {
    const auto value = static_cast<double>(metric.value.load(std::memory_order_relaxed));
    if (metric.kind == MetricKind::counter) {
      out.sample(kPluginFamilies[PluginFigure::counter], {place.pipeline, place.filter, name},
                 value);
    } else if (metric.kind == MetricKind::gauge) {
      out.sample(kPluginFamilies[PluginFigure::gauge], {place.pipeline, place.filter, name}, value);
    } else {
      const observe::MetricLabels labels{{"pipeline", std::string(place.pipeline)},
                                         {"filter", std::string(place.filter)},
                                         {"name", std::string(name)}};
      const MetricFamily& family = kPluginFamilies[PluginFigure::histogram];
      out.add(family, labels, value, "_sum");
      out.add(family, labels, static_cast<double>(metric.count.load(std::memory_order_relaxed)),
              "_count");
    }
  });
}

}  // namespace sluice::filters::proxy_wasm
