// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/wal_vfs.h"

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/mutex.h"
#include "store/embedded/unsynced_writes.h"
#include "store/embedded/wal_check.h"

namespace sluice::store {
namespace {

// The maximum of kept bytes; beyond it, the log is synced in the middle of a commit. A checkpoint
// syncs the log eight times as often (Checkpointer).
constexpr std::size_t kUnsyncedBytesMax = 32 << 20;

// A header write begins a log, and is a write of its own. At most this many logs begin before one
// of them is on disk, so an observer must remember that many.
constexpr std::uint64_t kUnsyncedLogsMax = 6;

}  // namespace

struct WalVfs::State {
  State(const char* base_name, LogObserver* its_observer)
      : base(sqlite3_vfs_find(base_name)),
        observer(its_observer),
        name("sluice-" + std::to_string(reinterpret_cast<std::uintptr_t>(this))) {}

  sqlite3_vfs* const base;
  LogObserver* const observer;
  const std::string name;
  sqlite3_vfs vfs{};
  bool registered = false;

  Mutex sync_mutex;  // one sync at a time: the next one sees its result
  bool failed SLUICE_GUARDED_BY(sync_mutex) = false;  // the last sync of the log
  Mutex mutex;  // guards the rest; never held while the disk syncs
  UnsyncedWrites unsynced SLUICE_GUARDED_BY(mutex);
  std::uint64_t logs SLUICE_GUARDED_BY(mutex) = 0;  // logs that have begun
  std::uint64_t logs_synced SLUICE_GUARDED_BY(mutex) =
      0;  // how many are on disk, or followed by one that is
};

namespace {

using State = WalVfs::State;

// A log. Lives in the memory that SQLite allocates; the base's file follows it.
struct Log {
  sqlite3_file header;
  State* state;
  sqlite3_file* base() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
static_assert(sizeof(Log) % alignof(std::max_align_t) == 0);

Log& of(sqlite3_file* file) { return *reinterpret_cast<Log*>(file); }
sqlite3_file* base_of(sqlite3_file* file) { return of(file).base(); }
const sqlite3_io_methods& methods(sqlite3_file* base) { return *base->pMethods; }

int write_again(State& state, sqlite3_file* base) {
  const MutexLock lock(state.mutex);
  return state.unsynced.visit([&](std::int64_t at, std::string_view bytes) {
    return methods(base).xWrite(base, bytes.data(), static_cast<int>(bytes.size()), at);
  });
}

int do_sync(sqlite3_file* file, int flags) {
  State& state = *of(file).state;
  sqlite3_file* const base = base_of(file);
  const MutexLock one_at_a_time(state.sync_mutex);
  if (state.failed) {
    if (const int code = write_again(state, base)) return code;
  }
  const Version told = state.observer != nullptr ? state.observer->sync_begins() : 0;
  UnsyncedWrites covered;
  std::uint64_t logs = 0;
  {
    const MutexLock lock(state.mutex);
    covered = state.unsynced.take();
    logs = state.logs;
  }
  const int code = methods(base).xSync(base, flags);
  state.failed = code != SQLITE_OK;
  if (!state.failed && state.observer != nullptr) state.observer->log_synced(logs, told);
  const MutexLock lock(state.mutex);
  if (state.failed) {
    state.unsynced.prepend(std::move(covered));
    return code;
  }
  state.logs_synced = logs;
  if (state.unsynced.empty()) {
    covered.clear();
    state.unsynced = std::move(covered);  // reuses its memory
  }
  return code;
}

// Tells the observer that a log begins, before the file changes.
int announce(sqlite3_file* file, const unsigned char* header) {
  State& state = *of(file).state;
  if (state.observer == nullptr) return SQLITE_OK;
  std::uint64_t unsynced = 0;
  {
    const MutexLock lock(state.mutex);
    unsynced = state.logs - state.logs_synced;
  }
  if (unsynced >= kUnsyncedLogsMax) {
    if (const int code = do_sync(file, SQLITE_SYNC_NORMAL)) return code;
  }
  const LogSalts salts = salts_of({header, kLogHeaderBytes});
  return state.observer->log_begins(salts) ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

bool too_much_unsynced(State& state, std::size_t more) {
  const MutexLock lock(state.mutex);
  return state.unsynced.bytes() + more > kUnsyncedBytesMax;
}

int do_write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  State& state = *of(file).state;
  const bool begins = at == 0 && size == kLogHeaderBytes;
  if (begins) {
    if (const int code = announce(file, static_cast<const unsigned char*>(data))) return code;
  }
  const std::string_view bytes(static_cast<const char*>(data), static_cast<std::size_t>(size));
  if (too_much_unsynced(state, bytes.size())) {
    if (const int code = do_sync(file, SQLITE_SYNC_NORMAL)) return code;
  }
  const MutexLock lock(state.mutex);
  // Under the lock, so that no older bytes can overwrite these.
  const int code = methods(base_of(file)).xWrite(base_of(file), data, size, at);
  if (begins) ++state.logs;  // even after an error: a part may have been written
  if (code == SQLITE_OK) state.unsynced.add(at, bytes);
  return code;
}

int do_truncate(sqlite3_file* file, sqlite3_int64 size) {
  State& state = *of(file).state;
  const MutexLock lock(state.mutex);
  const int code = methods(base_of(file)).xTruncate(base_of(file), size);
  if (code == SQLITE_OK) state.unsynced.truncate(size);
  return code;
}

int do_close(sqlite3_file* file) { return methods(base_of(file)).xClose(base_of(file)); }
int do_read(sqlite3_file* file, void* data, int size, sqlite3_int64 at) {
  return methods(base_of(file)).xRead(base_of(file), data, size, at);
}
int do_size(sqlite3_file* file, sqlite3_int64* size) {
  return methods(base_of(file)).xFileSize(base_of(file), size);
}
int do_lock(sqlite3_file* file, int level) {
  return methods(base_of(file)).xLock(base_of(file), level);
}
int do_unlock(sqlite3_file* file, int level) {
  return methods(base_of(file)).xUnlock(base_of(file), level);
}
int do_check_reserved(sqlite3_file* file, int* result) {
  return methods(base_of(file)).xCheckReservedLock(base_of(file), result);
}
int do_control(sqlite3_file* file, int operation, void* argument) {
  return methods(base_of(file)).xFileControl(base_of(file), operation, argument);
}
int do_sector_size(sqlite3_file* file) { return methods(base_of(file)).xSectorSize(base_of(file)); }
int do_traits(sqlite3_file* file) {
  return methods(base_of(file)).xDeviceCharacteristics(base_of(file));
}

// Version 1: the log is not mapped and has no shared memory.
constexpr sqlite3_io_methods kMethods{
    1,       do_close,  do_read,           do_write,   do_truncate,    do_sync,   do_size,
    do_lock, do_unlock, do_check_reserved, do_control, do_sector_size, do_traits, nullptr,
    nullptr, nullptr,   nullptr,           nullptr,    nullptr};

State& of(sqlite3_vfs* vfs) { return *static_cast<State*>(vfs->pAppData); }

int do_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  State& state = of(vfs);
  file->pMethods = nullptr;
  if ((flags & SQLITE_OPEN_WAL) == 0) {
    return state.base->xOpen(state.base, path, file, flags, out_flags);
  }
  const int code = state.base->xOpen(state.base, path, base_of(file), flags, out_flags);
  if (code != SQLITE_OK) return code;
  of(file).state = &state;
  file->pMethods = &kMethods;
  return SQLITE_OK;
}

int do_delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  return of(vfs).base->xDelete(of(vfs).base, path, sync_directory);
}
int do_access(sqlite3_vfs* vfs, const char* path, int flags, int* result) {
  return of(vfs).base->xAccess(of(vfs).base, path, flags, result);
}
int do_full_path(sqlite3_vfs* vfs, const char* path, int size, char* out) {
  return of(vfs).base->xFullPathname(of(vfs).base, path, size, out);
}

}  // namespace

WalVfs::WalVfs(const char* base, LogObserver* observer)
    : state_(std::make_unique<State>(base, observer)) {
  if (state_->base == nullptr) return;
  sqlite3_vfs& vfs = state_->vfs;
  vfs = *state_->base;
  vfs.pNext = nullptr;
  vfs.zName = state_->name.c_str();
  vfs.szOsFile = static_cast<int>(sizeof(Log)) + state_->base->szOsFile;
  vfs.pAppData = state_.get();
  vfs.xOpen = do_open;
  vfs.xDelete = do_delete;
  vfs.xAccess = do_access;
  vfs.xFullPathname = do_full_path;
  state_->registered = sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
}

WalVfs::~WalVfs() {
  if (state_->registered) sqlite3_vfs_unregister(&state_->vfs);
}

bool WalVfs::usable() const { return state_->registered; }

const char* WalVfs::name() const { return state_->name.c_str(); }

}  // namespace sluice::store
