// SPDX-License-Identifier: Apache-2.0
// Checkpointer: a thread that copies SQLite's log (WAL) back into the database while commits
// continue. SQLite by itself would checkpoint inside a commit, which takes milliseconds and two
// syncs, and all runs would wait. The thread also syncs the mark beside the database (mark.h).
#pragma once

#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/result.h"
#include "store/embedded/connection.h"
#include "store/embedded/mark.h"

namespace sluice::store {

class Checkpointer {
 public:
  // Requires: every writer holds `writer` while it writes.
  explicit Checkpointer(Mutex& writer) : writer_(writer) {}
  ~Checkpointer() { stop(); }
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // Starts the thread with its own connection. `vfs`: as Connection::open.
  [[nodiscard]] Result<void> start(const std::string& path, const char* vfs, Mark& mark);
  // Ends the thread.
  void stop();
  // Any thread: reports the number of pages in the log.
  void log_holds(int pages);

 private:
  void run();
  // Returns the pages in the log when there are enough for a checkpoint; 0 after a timeout.
  [[nodiscard]] int wait_for_work();
  [[nodiscard]] bool stopping();

  Mutex& writer_;
  Mark* mark_ = nullptr;
  Connection connection_;  // of the thread
  Mutex mutex_;
  Condition news_;
  int pages_ SLUICE_GUARDED_BY(mutex_) = 0;  // in the log
  int tried_ SLUICE_GUARDED_BY(mutex_) = 0;  // pages in the log at the last checkpoint
  bool stopping_ SLUICE_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace sluice::store
