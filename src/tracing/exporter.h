// SPDX-License-Identifier: Apache-2.0
// ExportThread: the thread on which the Exporters of all Tracers run. Exporter: brings the traces
// of one Tracer from the queues of the cores to its collectors.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "loop/loop_thread.h"
#include "tracing/collector.h"
#include "tracing/settings.h"
#include "tracing/span_queue.h"

namespace sluice::tracing {

// The end of the process waits so long for the spans that are left.
inline constexpr Duration kLastExport = std::chrono::seconds(2);

class Exporter;

// Any thread.
class ExportThread {
 public:
  ExportThread() = default;
  // Waits at most kLastExport for the Exporters that end.
  ~ExportThread();
  ExportThread(const ExportThread&) = delete;
  ExportThread& operator=(const ExportThread&) = delete;

 private:
  friend class Exporter;
  // Starts the thread with the first Exporter. Does nothing for one that runs.
  void begin(const std::shared_ptr<Exporter>& exporter);
  void ended(const Exporter& exporter);

  Mutex mutex_;
  Condition none_left_;
  std::vector<std::shared_ptr<Exporter>> running_ SLUICE_GUARDED_BY(mutex_);
  std::unique_ptr<loop::LoopThread> thread_ SLUICE_GUARDED_BY(mutex_);
};

using Queues = std::vector<std::unique_ptr<SpanQueue>>;

class Exporter : public std::enable_shared_from_this<Exporter> {
 public:
  // `queues`: one per core.
  Exporter(const Settings& settings, std::shared_ptr<const Queues> queues, Logger logger);
  ~Exporter();
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // Any thread. Further calls do nothing. Requires: `thread` outlives the calls of wake() and
  // end().
  void start(ExportThread& thread);
  // Any thread, after start(): exports what is left, and then ends.
  void end();
  // Any thread: a queue holds a batch. Takes no lock but that of a mailbox, once a batch.
  void wake();
  // Any thread. In the order of Settings::endpoints.
  [[nodiscard]] std::vector<CollectorFigures> figures() const;

 private:
  friend class ExportThread;
  struct Work;
  Task<void> run();
  [[nodiscard]] std::size_t held() const;
  [[nodiscard]] std::shared_ptr<Batch> collect();
  void move_on();

  const Settings settings_;
  const std::shared_ptr<const Queues> queues_;
  const Logger logger_;
  std::vector<std::shared_ptr<CollectorCounts>> counts_;
  std::atomic<loop::EventLoop*> loop_{nullptr};
  std::atomic<bool> awake_{false};
  ExportThread* thread_ = nullptr;
  std::unique_ptr<Work> work_;  // of the thread of the exporters
};

}  // namespace sluice::tracing
