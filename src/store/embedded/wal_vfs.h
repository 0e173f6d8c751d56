// SPDX-License-Identifier: Apache-2.0
// WalVfs: an SQLite VFS with a guarantee about the log (WAL) that neither SQLite nor the kernel
// gives. After a failed fsync the kernel marks the unwritten pages clean, and the next fsync
// succeeds without writing them. SQLite rewrites the frames of the failed commit. It does not
// rewrite unsynced frames of earlier commits (bulk changes make such commits), nor those that a
// checkpoint failed to sync. The next told commit would follow a gap in the log, and a start after
// a power cut would not find it.
//
// Invariant: a successful sync of the log, on any connection, puts every earlier write to it on
// disk, even after failed syncs. The bytes are kept here until a sync succeeds. After a failure
// they are written again from memory, because the kernel may have dropped its copy.
//
// Other files need no such care: a failed checkpoint writes all of its pages again.
#pragma once

#include <memory>

#include "store/embedded/log_observer.h"

namespace sluice::store {

class WalVfs {
 public:
  // `base`: the name of the VFS beneath; null for SQLite's default. `observer` may be null, and
  // outlives this.
  explicit WalVfs(const char* base, LogObserver* observer = nullptr);
  // Requires: every connection is closed.
  ~WalVfs();
  WalVfs(const WalVfs&) = delete;
  WalVfs& operator=(const WalVfs&) = delete;

  // False if `base` is unknown, or SQLite refuses the registration.
  [[nodiscard]] bool usable() const;
  // The name for Connection::open. Requires: all files are of one database, because this tracks one
  // log.
  [[nodiscard]] const char* name() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace sluice::store
