// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/checkpointer.h"

namespace sluice::store {
namespace {

// Pages of 4 KiB. The log is used from its beginning again only if all of it is in the file when
// somebody writes, which chance does not bring about while many write: from the second bound on,
// the writers wait for the little that has come in during a checkpoint.
constexpr int kCheckpointPages = 1'000;
constexpr int kLogPagesMax = 8'000;

}  // namespace

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  news_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Result<void> Checkpointer::start(const std::string& path, const char* vfs) {
  SLUICE_TRY(connection_, Connection::open(path, vfs));
  SLUICE_CHECK(connection_.execute("PRAGMA synchronous = FULL"));
  thread_ = std::thread([this] { run(); });
  return {};
}

void Checkpointer::log_holds(int pages) {
  bool enough = false;
  {
    const std::lock_guard lock(mutex_);
    if (pages < pages_) tried_ = 0;  // the log has begun anew
    pages_ = pages;
    enough = pages_ - tried_ >= kCheckpointPages;
  }
  if (enough) news_.notify_one();
}

int Checkpointer::wait_for_work() {
  std::unique_lock lock(mutex_);
  news_.wait(lock, [&] { return stopping_ || pages_ - tried_ >= kCheckpointPages; });
  tried_ = pages_;
  return stopping_ ? 0 : pages_;
}

// What fails here, for a full disk or a long reader, is tried again some pages later: the log keeps
// all that is not in the file.
void Checkpointer::run() {
  while (const int pages = wait_for_work()) {
    connection_.checkpoint();
    if (pages < kLogPagesMax) continue;
    const std::lock_guard lock(writer_);
    connection_.checkpoint();
  }
}

}  // namespace sluice::store
