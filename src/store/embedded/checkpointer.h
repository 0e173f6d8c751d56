// SPDX-License-Identifier: Apache-2.0
// Checkpointer: a thread that brings SQLite's log (WAL) back into its file, beside the commits that
// go on meanwhile. In a commit, as SQLite does it by itself, it takes milliseconds and two syncs,
// for which everybody would wait. Syncs the mark beside the file, too (mark.h).
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
  // `writer` is held by whoever writes.
  explicit Checkpointer(Mutex& writer) : writer_(writer) {}
  ~Checkpointer() { stop(); }
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // Begins, with a connection of its own; `vfs` as Connection::open.
  [[nodiscard]] Result<void> start(const std::string& path, const char* vfs, Mark& mark);
  // Ends the thread.
  void stop();
  // Any thread: so many pages are in the log.
  void log_holds(int pages);

 private:
  void run();
  // The pages in the log when there are enough for a checkpoint; 0 if time has passed.
  [[nodiscard]] int wait_for_work();
  [[nodiscard]] bool stopping();

  Mutex& writer_;
  Mark* mark_ = nullptr;
  Connection connection_;  // of the thread
  Mutex mutex_;
  Condition news_;
  int pages_ SLUICE_GUARDED_BY(mutex_) = 0;  // in the log
  int tried_ SLUICE_GUARDED_BY(mutex_) = 0;  // were in it at the last checkpoint
  bool stopping_ SLUICE_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace sluice::store
