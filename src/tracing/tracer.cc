// SPDX-License-Identifier: Apache-2.0
#include "tracing/tracer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::tracing {
namespace {

// As the samplers of OpenTelemetry compute it, so that all processes with one rate choose the same
// traces.
std::uint64_t threshold_of(double rate) {
  constexpr std::uint64_t kAll = std::uint64_t{1} << 63;
  if (rate >= 1) return kAll;
  return rate > 0 ? static_cast<std::uint64_t>(rate * static_cast<double>(kAll)) : 0;
}

std::shared_ptr<const Queues> make_queues(unsigned count, std::size_t spans_max) {
  auto queues = std::make_shared<Queues>();
  for (unsigned i = 0; i < count; ++i) queues->push_back(std::make_unique<SpanQueue>(spans_max));
  return queues;
}

}  // namespace

Tracer::Tracer(Settings settings, unsigned core_count, std::shared_ptr<ExportThread> thread,
               Logger logger)
    : settings_(std::move(settings)),
      threshold_(threshold_of(settings_.sample_rate)),
      cores_(core_count),
      queues_(make_queues(core_count, settings_.batch.queue_spans)),
      exporter_(std::make_shared<Exporter>(settings_, queues_, std::move(logger))),
      thread_(std::move(thread)) {}

Tracer::~Tracer() { exporter_->end(); }

void Tracer::start() { exporter_->start(*thread_); }

void Tracer::take(unsigned core, std::unique_ptr<Recording> trace) {
  SpanQueue& queue = *(*queues_)[core];
  Core& mine = cores_.at(core);
  const std::size_t spans = trace->spans().size();
  if (trace->lost() > 0) mine.dropped.add(trace->lost());
  const std::size_t held = queue.spans();
  if (!queue.push(std::move(trace))) {
    mine.dropped.add(spans);
    return;
  }
  mine.spans.add(spans);
  // Once for each share of a batch. So a full queue wakes nobody.
  const std::size_t share = std::max<std::size_t>(1, settings_.batch.batch_spans / cores_.size());
  if (held / share != (held + spans) / share) exporter_->wake();
}

TracerFigures Tracer::figures() const {
  return {cores_.sum(&Core::spans), cores_.sum(&Core::dropped), exporter_->figures()};
}

Json Tracer::status() const {
  const TracerFigures its = figures();
  Json collectors = Json::array();
  for (const CollectorFigures& each : its.collectors) {
    collectors.push_back(
        {{"url", each.url}, {"sent", each.sent}, {"dropped", each.dropped}, {"error", each.error}});
  }
  return {{"spans", its.spans}, {"dropped", its.dropped}, {"collectors", std::move(collectors)}};
}

}  // namespace sluice::tracing
