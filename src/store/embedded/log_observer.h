// SPDX-License-Identifier: Apache-2.0
// LogObserver: who keeps account of the logs (WAL) that begin, and of what of them is on disk.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "store/store.h"

namespace sluice::store {

// What SQLite gives a log in its header, for its frames to be told from those of an earlier one.
struct LogSalts {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool operator==(const LogSalts&) const = default;
};

class LogObserver {
 public:
  virtual ~LogObserver() = default;
  // The thread that writes. A log with these salts is about to begin; all of the log before it is
  // in the database itself. An error: it does not begin.
  [[nodiscard]] virtual Result<void> log_begins(LogSalts salts) = 0;
  // Any thread. A sync of the log is about to begin; what is returned comes back when it is done.
  [[nodiscard]] virtual Version sync_begins() = 0;
  // Any thread. What was told before that is on disk, as is the beginning of the log that was the
  // `logs`-th to begin, and nothing of those before it is needed any more.
  virtual void log_synced(std::uint64_t logs, Version told) = 0;
};

}  // namespace sluice::store
