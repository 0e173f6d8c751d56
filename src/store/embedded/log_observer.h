// SPDX-License-Identifier: Apache-2.0
// LogObserver: tracks which logs (WAL) have begun, and what part of them is on disk.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "store/store.h"

namespace sluice::store {

inline constexpr int kLogHeaderBytes = 32;

// The salts in a log's header. They tell its frames from those of an earlier log.
struct LogSalts {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool operator==(const LogSalts&) const = default;
};

class LogObserver {
 public:
  virtual ~LogObserver() = default;
  // The writer's thread, before a log with these salts begins. The whole previous log is in the
  // database. An error prevents the new log.
  [[nodiscard]] virtual Result<void> log_begins(LogSalts salts) = 0;
  // Any thread, before a sync of the log. The result is passed to log_synced().
  [[nodiscard]] virtual Version sync_begins() = 0;
  // Any thread. All that was told before the sync began is on disk, as is the header of the
  // `logs`-th log. Earlier logs are no longer needed.
  virtual void log_synced(std::uint64_t logs, Version told) = 0;
};

}  // namespace sluice::store
