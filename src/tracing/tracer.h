// SPDX-License-Identifier: Apache-2.0
// Tracer: the tracing of one HTTPServer, for all cores and generations with the same settings.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "observe/counter.h"
#include "tracing/exporter.h"
#include "tracing/ids.h"
#include "tracing/settings.h"
#include "tracing/span.h"

namespace sluice::tracing {

// What has become of the spans of a server.
struct TracerFigures {
  std::uint64_t spans = 0;    // queued
  std::uint64_t dropped = 0;  // beyond a bound of the queues or of a request
  std::vector<CollectorFigures> collectors{};
};

class Tracer {
 public:
  Tracer(Settings settings, unsigned core_count, std::shared_ptr<ExportThread> thread,
         Logger logger);
  // The spans that are left are still exported, by the thread.
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // Any thread: begins to export. Further calls do nothing.
  void start();
  [[nodiscard]] const Settings& settings() const { return settings_; }
  // Whether a trace without a decision is sampled. The same for every process with this rate.
  [[nodiscard]] bool samples(const TraceId& trace) const { return trace.low >> 1 < threshold_; }

  // On the thread of the core.
  [[nodiscard]] IdSource& ids(unsigned core) { return cores_.at(core).ids; }
  // Queues the spans of a request; drops and counts them if the queue is full.
  void take(unsigned core, std::unique_ptr<Recording> trace);

  // Any thread.
  [[nodiscard]] TracerFigures figures() const;
  // Any thread: the figures as {"spans": …, "dropped": …, "collectors": […]}
  [[nodiscard]] Json status() const;

 private:
  struct Core {
    IdSource ids;
    observe::Cell spans;    // queued
    observe::Cell dropped;  // beyond a bound
  };

  const Settings settings_;
  const std::uint64_t threshold_;  // of 63 bits
  observe::PerCore<Core> cores_;
  std::shared_ptr<const Queues> queues_;
  std::shared_ptr<Exporter> exporter_;
  std::shared_ptr<ExportThread> thread_;
};

}  // namespace sluice::tracing
