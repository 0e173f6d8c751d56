// SPDX-License-Identifier: Apache-2.0
// Mark: the file `sluice.db-mark` beside the database. It records that a store exists, its name,
// the version up to which runs were told, and its log (WAL). SQLite alone would accept a database
// without its log, or an older copy, as complete.
//
// Invariant: the files hold everything that the mark demands before the mark demands it. So if less
// is found, data was lost, and a crash at any moment never causes a refusal.
//  - `told` is raised after each group is durable, by a write without a sync. It is exact after the
//    end of the process. After a power cut it may be as old as the last sync of the mark; the
//    Checkpointer syncs it at least every second.
//  - A log is named in the mark, on disk, before its header is written.
//  - `running` is written when the log of this start is on disk. `stopped` is written when the
//    database holds everything, before the log is removed.
//
// The file has three slots for a line, 4 KiB apart. A write goes to the slot that is neither the
// newest one on disk nor being synced, so a power cut always leaves a whole line.
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

  // The newest whole line; nullopt if the file is absent. An error names the file: it is unreadable
  // or holds no whole line.
  [[nodiscard]] static Result<std::optional<MarkRecord>> read(const std::string& path);
  // Replaces the file atomically. On return it is whole and on disk, or unchanged.
  [[nodiscard]] static Result<void> create(const std::string& path, const MarkRecord& record);
  // Continues the file that read() or create() has seen. `vfs`: as Connection::open.
  [[nodiscard]] Result<void> open(const std::string& path, const char* vfs);

  // The rest: after open(). Any thread.
  // Notes that the log of this start, and all of the found `told`, are on disk.
  [[nodiscard]] Result<void> start(Durability durability, std::string boot, Version told);
  // Notes that `more` further versions are durable and are about to be told.
  [[nodiscard]] Result<void> tell(Version more);
  // Notes that the database holds everything, on disk, in `size` bytes.
  [[nodiscard]] Result<void> stop(std::uint64_t size);
  // Notes the database's new cycle, which becomes durable with the next group.
  void set_cycle(std::uint64_t cycle);
  [[nodiscard]] std::uint64_t logs_begun() const;
  // Syncs the file if it has changes that must survive a power cut.
  [[nodiscard]] Result<void> sync();

  Result<void> log_begins(LogSalts salts) override;
  Version sync_begins() override;
  void log_synced(std::uint64_t logs, Version told) override;

 private:
  class File;
  static constexpr int kPlaces = 3;
  struct Begun {
    std::uint64_t number;  // counted from open(); 0: begun before
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
  int on_disk_ SLUICE_GUARDED_BY(mutex_) = 0;  // the slot of the newest line that is surely on disk
  int syncing_ SLUICE_GUARDED_BY(mutex_) = -1;       // -1: none
  bool unsynced_ SLUICE_GUARDED_BY(mutex_) = false;  // a change must be synced
  bool stale_ SLUICE_GUARDED_BY(mutex_) = false;     // the change must also be written
};

// The boot id of the machine; "" if it is unknown.
[[nodiscard]] std::string boot_of_machine();

}  // namespace sluice::store
