// SPDX-License-Identifier: Apache-2.0
#include "tracing/metrics.h"

#include <array>

namespace sluice::tracing {
namespace {

using observe::MetricFamily;
using observe::MetricType;

// Indices of kFamilies.
struct TracingFigure {
  enum Index : std::size_t { spans, dropped, sent, undelivered, up };
};
constexpr std::array kFamilies{
    MetricFamily{"sluice_tracing_spans_total", MetricType::counter,
                 "Spans of sampled requests that were queued for the collectors.", "", "server"},
    MetricFamily{"sluice_tracing_dropped_spans_total", MetricType::counter,
                 "Spans dropped because a queue was full or the request had too many.", "",
                 "server"},
    MetricFamily{"sluice_tracing_sent_spans_total", MetricType::counter,
                 "Spans that the collector has taken.", "", "server,collector"},
    MetricFamily{"sluice_tracing_undelivered_spans_total", MetricType::counter,
                 "Spans that the collector has refused, or did not take in time.", "",
                 "server,collector"},
    MetricFamily{"sluice_tracing_collector_up", MetricType::gauge,
                 "1: the last export has succeeded, or there was none.", "", "server,collector"}};

}  // namespace

observe::MetricFamilies metric_families() { return kFamilies; }

void expose(const Tracer& tracer, std::string_view server, observe::Exposition& out) {
  const TracerFigures its = tracer.figures();
  out.sample(kFamilies[TracingFigure::spans], {server}, static_cast<double>(its.spans));
  out.sample(kFamilies[TracingFigure::dropped], {server}, static_cast<double>(its.dropped));
  for (const CollectorFigures& each : its.collectors) {
    out.sample(kFamilies[TracingFigure::sent], {server, each.url}, static_cast<double>(each.sent));
    out.sample(kFamilies[TracingFigure::undelivered], {server, each.url},
               static_cast<double>(each.dropped));
    out.sample(kFamilies[TracingFigure::up], {server, each.url}, each.error.empty() ? 1 : 0);
  }
}

}  // namespace sluice::tracing
