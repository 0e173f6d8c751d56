// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/checkpointer.h"

#include <chrono>

namespace sluice::store {
namespace {

// Pages of 4 KiB. SQLite restarts the log only if all of it is in the file at the time of a write,
// which rarely happens under many writes. Above the second bound, the writers wait for the few
// pages that arrived during a checkpoint.
constexpr int kCheckpointPages = 1'000;
constexpr int kLogPagesMax = 8'000;

// The maximum age of the mark after a power cut.
constexpr Duration kMarkPeriod = std::chrono::seconds(1);

}  // namespace

void Checkpointer::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  news_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Result<void> Checkpointer::start(const std::string& path, const char* vfs, Mark& mark) {
  mark_ = &mark;
  SLUICE_TRY(connection_, Connection::open(path, vfs));
  SLUICE_CHECK(connection_.keep_log(true));
  SLUICE_CHECK(connection_.execute("PRAGMA synchronous = FULL"));
  thread_ = std::thread([this] { run(); });
  return {};
}

void Checkpointer::log_holds(int pages) {
  bool enough = false;
  {
    const MutexLock lock(mutex_);
    if (pages < pages_) tried_ = 0;  // the log has restarted
    pages_ = pages;
    enough = pages_ - tried_ >= kCheckpointPages;
  }
  if (enough) news_.notify_one();
}

int Checkpointer::wait_for_work() {
  const TimePoint end = Clock::now() + kMarkPeriod;
  const MutexLock lock(mutex_);
  while (!stopping_ && pages_ - tried_ < kCheckpointPages && news_.wait_until(mutex_, end)) {
  }
  if (stopping_ || pages_ - tried_ < kCheckpointPages) return 0;
  tried_ = pages_;
  return pages_;
}

bool Checkpointer::stopping() {
  const MutexLock lock(mutex_);
  return stopping_;
}

// A failed checkpoint, because of a full disk or a long reader, is retried some pages later: the
// log keeps every page that is not in the file. The mark is retried likewise.
void Checkpointer::run() {
  while (!stopping()) {
    const int pages = wait_for_work();
    if (pages > 0) connection_.checkpoint();
    (void)mark_->sync();
    if (pages < kLogPagesMax) continue;
    const MutexLock lock(writer_);
    connection_.checkpoint();
  }
}

}  // namespace sluice::store
