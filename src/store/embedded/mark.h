// SPDX-License-Identifier: Apache-2.0
// Mark: a file beside the database, `sluice.db-mark`, that knows what must be in it: that there is
// a store, which one, up to which version somebody was told, and which log (WAL) belongs to it.
// SQLite alone takes a database without its log, or an older copy of it, for a whole one.
//
// Invariant: what the mark demands was in the files before the mark did. So whoever finds less
// than it demands has lost something, and a crash at any moment never leads to a refusal.
//  - `told` is raised behind each group, when that is durable, by a write without a sync. After the
//    end of the process it is exact; after a power cut it may be as old as the last sync of the
//    mark, which is made at least every second beside the groups.
//  - A log is named, on disk, before its header is written.
//  - `running` is written when the log of this start is on disk, `stopped` when everything is in
//  the
//    database itself, before the log goes.
//
// The file has three places for a line, 4 KiB apart. A line is written over the one that is neither
// on disk as the newest nor being synced, so that a power cut always leaves a whole one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "store/embedded/log_observer.h"
#include "store/embedded/mark_record.h"

namespace sluice::store {

class Mark final : public LogObserver {
 public:
  Mark();
  ~Mark() override;
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;

  // The newest whole line; nullopt if there is no such file. An error names the file: it cannot be
  // read, or holds no whole line.
  [[nodiscard]] static Result<std::optional<MarkRecord>> read(const std::string& path);
  // Makes the file anew: whole and on disk on return, or as it was.
  [[nodiscard]] static Result<void> create(const std::string& path, const MarkRecord& record);
  // Goes on with the file that read() or create() has seen. `vfs`: as Connection::open.
  [[nodiscard]] Result<void> open(const std::string& path, const char* vfs);

  // The rest: after open(). Any thread.
  // The log of this start is on disk, and all of the `told` that are found.
  [[nodiscard]] Result<void> start(Durability durability, std::string boot, Version told);
  // So many more versions are durable, and are going to be told.
  [[nodiscard]] Result<void> tell(Version more);
  // All is in the database itself, and on disk: so many bytes.
  [[nodiscard]] Result<void> stop(std::uint64_t size);
  // The database has this cycle from now on: durable with the next group.
  void set_cycle(std::uint64_t cycle);
  [[nodiscard]] std::uint64_t logs_begun() const;
  // On disk, if anything has changed that must outlive a power cut.
  [[nodiscard]] Result<void> sync();

  Result<void> log_begins(LogSalts salts) override;
  Version sync_begins() override;
  void log_synced(std::uint64_t logs, Version told) override;

 private:
  class File;
  static constexpr int kPlaces = 3;
  struct Begun {
    std::uint64_t number;  // it was the so manieth to begin since open(); 0: before
    LogSalts salts;
  };

  [[nodiscard]] Result<void> go_on_from(MarkLine line, int place) SLUICE_REQUIRES(mutex_);
  [[nodiscard]] Result<void> write() SLUICE_REQUIRES(mutex_);

  std::unique_ptr<File> file_;
  Mutex sync_mutex_ SLUICE_ACQUIRED_BEFORE(mutex_);  // one sync at a time
  mutable Mutex mutex_;                              // not held while the disk syncs
  MarkRecord record_ SLUICE_GUARDED_BY(mutex_);
  std::vector<Begun> logs_ SLUICE_GUARDED_BY(mutex_);
  std::uint64_t logs_begun_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::uint64_t next_cycle_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::uint64_t number_ SLUICE_GUARDED_BY(mutex_) = 0;  // of the last line
  int place_ SLUICE_GUARDED_BY(mutex_) = 0;             // where it was written
  int on_disk_ SLUICE_GUARDED_BY(mutex_) = 0;           // of the newest line that surely is
  int syncing_ SLUICE_GUARDED_BY(mutex_) = -1;          // -1: none
  bool unsynced_ SLUICE_GUARDED_BY(mutex_) = false;     // something must get to the disk
  bool stale_ SLUICE_GUARDED_BY(mutex_) = false;        // it is not even in the file
};

// The machine's, since it was switched on; "" if it is unknown.
[[nodiscard]] std::string boot_of_machine();

}  // namespace sluice::store
