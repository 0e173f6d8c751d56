// SPDX-License-Identifier: Apache-2.0
// Collector: sends batches to one collector, one after the other. Core-bound.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "backend/client.h"
#include "base/log.h"
#include "base/mutex.h"
#include "loop/core.h"
#include "loop/event.h"
#include "loop/task.h"
#include "tracing/encoding.h"
#include "tracing/settings.h"

namespace sluice::tracing {

inline constexpr std::size_t kPendingBatchesMax = 2;                     // of a collector
inline constexpr Duration kFirstPause = std::chrono::milliseconds(500);  // after a failure
inline constexpr Duration kPauseMax = std::chrono::seconds(30);
inline constexpr Duration kQuiet = std::chrono::minutes(1);  // between two lines about failures
inline constexpr std::int64_t kAnswerBytesMax = 64 << 10;    // of a collector

struct CollectorFigures {
  std::string url{};
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;  // the collector has refused them, or did not take them in time
  std::string error{};        // of the last try; "": none
};

// What has become of the spans. Any thread.
class CollectorCounts {
 public:
  explicit CollectorCounts(std::string url) : url_(std::move(url)) {}
  void sent(std::size_t spans) { sent_ += spans; }
  void dropped(std::size_t spans) { dropped_ += spans; }
  // Returns true if `error` differs from the last one; "": none.
  bool note(const std::string& error);
  [[nodiscard]] CollectorFigures figures() const;

 private:
  const std::string url_;
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> dropped_{0};
  mutable Mutex mutex_;
  std::string error_ SLUICE_GUARDED_BY(mutex_);
};

class Collector {
 public:
  // `on_room` is called when there is room for a batch again. Requires: `core` and `settings`
  // outlive this. Blocks: reads the system's authorities.
  Collector(const loop::Core& core, const Settings& settings, const Endpoint& endpoint,
            std::shared_ptr<CollectorCounts> counts, Logger logger, std::function<void()> on_room);

  [[nodiscard]] bool has_room() const { return pending_.size() < kPendingBatchesMax; }
  [[nodiscard]] bool idle() const { return pending_.empty(); }
  // Drops the batch, and counts it, if there is no room.
  void take(std::shared_ptr<const Batch> batch);
  // Each batch gets one more try from now on.
  void hurry();
  // Sends what take() brings. Never ends.
  [[nodiscard]] Task<void> run();

 private:
  struct Tried {
    std::string error{};  // "": the collector has taken the batch
    bool again = false;   // a repetition may help
    Duration wait{};      // the collector asks for it
    std::size_t rejected = 0;
  };
  Task<void> deliver(const Batch& batch);
  Task<Tried> send(std::shared_ptr<const std::string> bytes, TimePoint deadline);
  [[nodiscard]] http::Request request_for(std::shared_ptr<const std::string> bytes) const;
  [[nodiscard]] Tried judge(const http::Response& response) const;
  [[nodiscard]] std::string encode(const Batch& batch) const;
  void note(const std::string& error);

  const Settings& settings_;
  const Endpoint endpoint_;
  const std::shared_ptr<CollectorCounts> counts_;
  const Logger logger_;
  const std::function<void()> on_room_;
  std::string target_;
  std::string fault_;  // it can never work; "": it can
  std::unique_ptr<backend::Client> client_;
  std::deque<std::shared_ptr<const Batch>> pending_;
  loop::Event changed_;
  Duration pause_ = kFirstPause;
  bool hurried_ = false;
  bool told_ = false;  // the log has a line about the failure that lasts
  TimePoint quiet_until_{};
};

}  // namespace sluice::tracing
