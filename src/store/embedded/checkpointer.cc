// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/checkpointer.h"

#include <chrono>

namespace sluice::store {
namespace {

// Pages of 4 KiB. The log is used from its beginning again only if all of it is in the file when
// somebody writes, which chance does not bring about while many write: from the second bound on,
// the writers wait for the little that has come in during a checkpoint.
constexpr int kCheckpointPages = 1'000;
constexpr int kLogPagesMax = 8'000;

// So old the mark may be after a power cut.
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
    if (pages < pages_) tried_ = 0;  // the log has begun anew
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

// What fails here, for a full disk or a long reader, is tried again some pages later: the log keeps
// all that is not in the file. So is the mark.
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
