// SPDX-License-Identifier: Apache-2.0
// WalVfs: SQLite's way to its files, with a promise about the log (WAL) that neither SQLite nor the
// system makes. After a failed fsync the system holds the bytes for clean that never reached the
// disk, and the next fsync succeeds without writing them. SQLite writes the frames of the commit
// that failed again, but not those of commits before it that nobody had synced (bulk changes are
// made of such), and not those that a checkpoint failed to sync: what was told next would stand
// behind a hole in the log, where a start after a power cut does not find it.
//
// Invariant: when a sync of the log succeeds, on any connection, all that was written to it before
// is on disk, whatever syncs have failed before: the bytes are kept here until a sync has
// succeeded, and after a failure they are written again from memory, as the system may have thrown
// its copy away.
//
// The other files are SQLite's own: a checkpoint that fails writes all of its pages again.
#pragma once

#include <memory>

#include "store/embedded/log_observer.h"

namespace sluice::store {

class WalVfs {
 public:
  // `base`: the name of the way to the files beneath; null for SQLite's own. `observer`, which may
  // be null, outlives this.
  explicit WalVfs(const char* base, LogObserver* observer = nullptr);
  // After every connection is closed.
  ~WalVfs();
  WalVfs(const WalVfs&) = delete;
  WalVfs& operator=(const WalVfs&) = delete;

  // False if `base` is unknown, or SQLite takes no other.
  [[nodiscard]] bool usable() const;
  // For Connection::open. All files of one database only: it knows one log.
  [[nodiscard]] const char* name() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace sluice::store
