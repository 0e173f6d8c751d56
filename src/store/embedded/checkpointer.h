// SPDX-License-Identifier: Apache-2.0
// Checkpointer: a thread that brings SQLite's log (WAL) back into its file, beside the commits that
// go on meanwhile. In a commit, as SQLite does it by itself, it takes milliseconds and two syncs,
// for which everybody would wait.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "store/embedded/connection.h"

namespace sluice::store {

class Checkpointer {
 public:
  // `writer` is held by whoever writes.
  explicit Checkpointer(std::mutex& writer) : writer_(writer) {}
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // Begins, with a connection of its own; `vfs` as Connection::open.
  [[nodiscard]] Result<void> start(const std::string& path, const char* vfs);
  // Any thread: so many pages are in the log.
  void log_holds(int pages);

 private:
  void run();
  // The pages in the log when there are enough for a checkpoint; 0 once the thread has to end.
  [[nodiscard]] int wait_for_work();

  std::mutex& writer_;
  Connection connection_;  // of the thread
  std::mutex mutex_;       // guards the next three
  std::condition_variable news_;
  int pages_ = 0;  // in the log
  int tried_ = 0;  // were in it at the last checkpoint
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace sluice::store
