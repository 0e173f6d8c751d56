// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/testing/fault_vfs.h"

#include <sqlite3.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <utility>

#include "base/mutex.h"
#include "store/embedded/testing/fault_disk.h"

namespace sluice::store {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

struct FaultVfs::State {
  struct Fault {
    std::string suffix;
    int skip;
    int times;
    int code;
  };

  explicit State(unsigned seed) : random(seed), name("fault-" + std::to_string(seed)) {}

  // SQLITE_OK, or the code with which the call must fail.
  int pass(Call call, const std::string& path) SLUICE_REQUIRES(mutex) {
    ++counts[{call, path}];
    if (off) return off_code(call);
    if (call == Call::write || call == Call::truncate || call == Call::sync) {
      if (changes_left > 0 && --changes_left == 0) {
        off = true;
        return off_code(call);
      }
    }
    const auto found = faults.find(call);
    if (found == faults.end() || !path.ends_with(found->second.suffix)) return SQLITE_OK;
    Fault& fault = found->second;
    if (fault.skip > 0) {
      --fault.skip;
      return SQLITE_OK;
    }
    if (fault.times == 0) return SQLITE_OK;
    --fault.times;
    return fault.code;
  }
  static int off_code(Call call) {
    switch (call) {
      case Call::open:
        return SQLITE_CANTOPEN;
      case Call::read:
        return SQLITE_IOERR_READ;
      case Call::write:
        return SQLITE_IOERR_WRITE;
      case Call::truncate:
        return SQLITE_IOERR_TRUNCATE;
      case Call::sync:
        return SQLITE_IOERR_FSYNC;
    }
    return SQLITE_IOERR;
  }

  Mutex mutex;
  std::mt19937 random SLUICE_GUARDED_BY(mutex);
  const std::string name;
  std::map<std::string, FaultDisk> disks SLUICE_GUARDED_BY(mutex);
  std::map<Call, Fault> faults SLUICE_GUARDED_BY(mutex);
  std::map<std::pair<Call, std::string>, int> counts SLUICE_GUARDED_BY(mutex);
  int changes_left SLUICE_GUARDED_BY(mutex) = 0;  // 0: no limit
  bool off SLUICE_GUARDED_BY(mutex) = false;
  sqlite3_vfs* base = sqlite3_vfs_find(nullptr);
  sqlite3_vfs vfs{};
};

namespace {

using State = FaultVfs::State;
using Call = FaultVfs::Call;

// Lives in the memory that SQLite allocates; the base's file follows it.
struct File {
  sqlite3_file header;
  State* state;
  std::string* path;
  sqlite3_file* base() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
static_assert(alignof(File) >= alignof(void*));

File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* base_of(sqlite3_file* file) { return of(file).base(); }

int do_close(sqlite3_file* file) {
  const int code = base_of(file)->pMethods->xClose(base_of(file));
  delete of(file).path;
  return code;
}

int do_read(sqlite3_file* file, void* data, int size, sqlite3_int64 at) {
  State& state = *of(file).state;
  {
    const MutexLock lock(state.mutex);
    if (const int code = state.pass(Call::read, *of(file).path)) return code;
  }
  return base_of(file)->pMethods->xRead(base_of(file), data, size, at);
}

int do_write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  State& state = *of(file).state;
  const MutexLock lock(state.mutex);
  const bool was_off = state.off;
  const int fault = state.pass(Call::write, *of(file).path);
  if (was_off) return fault;
  const int written = fault == SQLITE_OK ? size : size / 2;
  if (written > 0) {
    state.disks[*of(file).path].write(
        static_cast<std::size_t>(at),
        {static_cast<const char*>(data), static_cast<std::size_t>(written)});
    const int code = base_of(file)->pMethods->xWrite(base_of(file), data, written, at);
    if (code != SQLITE_OK) return code;
  }
  return fault;
}

int do_truncate(sqlite3_file* file, sqlite3_int64 size) {
  State& state = *of(file).state;
  const MutexLock lock(state.mutex);
  if (const int code = state.pass(Call::truncate, *of(file).path)) return code;
  state.disks[*of(file).path].truncate(static_cast<std::size_t>(size));
  return base_of(file)->pMethods->xTruncate(base_of(file), size);
}

int do_sync(sqlite3_file* file, int) {
  State& state = *of(file).state;
  const MutexLock lock(state.mutex);
  FaultDisk& disk = state.disks[*of(file).path];
  const bool was_off = state.off;
  if (const int code = state.pass(Call::sync, *of(file).path)) {
    if (!was_off) disk.sync_some(state.random);
    return code;
  }
  disk.sync();
  return SQLITE_OK;
}

int do_size(sqlite3_file* file, sqlite3_int64* size) {
  return base_of(file)->pMethods->xFileSize(base_of(file), size);
}
int do_lock(sqlite3_file* file, int level) {
  return base_of(file)->pMethods->xLock(base_of(file), level);
}
int do_unlock(sqlite3_file* file, int level) {
  return base_of(file)->pMethods->xUnlock(base_of(file), level);
}
int do_check_reserved(sqlite3_file* file, int* result) {
  return base_of(file)->pMethods->xCheckReservedLock(base_of(file), result);
}
int do_control(sqlite3_file* file, int operation, void* argument) {
  return base_of(file)->pMethods->xFileControl(base_of(file), operation, argument);
}
int do_sector_size(sqlite3_file* file) {
  return base_of(file)->pMethods->xSectorSize(base_of(file));
}
int do_traits(sqlite3_file* file) {
  return base_of(file)->pMethods->xDeviceCharacteristics(base_of(file));
}
int do_shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
  return base_of(file)->pMethods->xShmMap(base_of(file), region, size, extend, memory);
}
int do_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return base_of(file)->pMethods->xShmLock(base_of(file), offset, count, flags);
}
void do_shm_barrier(sqlite3_file* file) { base_of(file)->pMethods->xShmBarrier(base_of(file)); }
int do_shm_unmap(sqlite3_file* file, int remove) {
  return base_of(file)->pMethods->xShmUnmap(base_of(file), remove);
}

constexpr sqlite3_io_methods kMethods{
    2,         do_close,   do_read,     do_write,          do_truncate,  do_sync,
    do_size,   do_lock,    do_unlock,   do_check_reserved, do_control,   do_sector_size,
    do_traits, do_shm_map, do_shm_lock, do_shm_barrier,    do_shm_unmap, nullptr,
    nullptr};

State& of(sqlite3_vfs* vfs) { return *static_cast<State*>(vfs->pAppData); }

int do_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  State& state = of(vfs);
  file->pMethods = nullptr;
  const std::string name = path == nullptr ? "" : path;
  {
    const MutexLock lock(state.mutex);
    if (const int code = state.pass(Call::open, name)) return code;
  }
  const int code = state.base->xOpen(state.base, path, base_of(file), flags, out_flags);
  if (code != SQLITE_OK) return code;
  of(file).state = &state;
  of(file).path = new std::string(name);
  file->pMethods = &kMethods;
  const MutexLock lock(state.mutex);
  std::string there = contents(name);
  FaultDisk& disk = state.disks[name];
  if (disk.cached() != there) disk = FaultDisk(std::move(there));
  return SQLITE_OK;
}

int do_delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  State& state = of(vfs);
  const MutexLock lock(state.mutex);
  if (state.off) return SQLITE_IOERR_DELETE;
  state.disks.erase(path);
  return state.base->xDelete(state.base, path, sync_directory);
}

}  // namespace

FaultVfs::FaultVfs(unsigned seed) : state_(std::make_unique<State>(seed)) {
  sqlite3_vfs& vfs = state_->vfs;
  vfs = *state_->base;
  vfs.pNext = nullptr;
  vfs.zName = state_->name.c_str();
  vfs.szOsFile = static_cast<int>(sizeof(File)) + state_->base->szOsFile;
  vfs.pAppData = state_.get();
  vfs.xOpen = do_open;
  vfs.xDelete = do_delete;
  vfs.xAccess = [](sqlite3_vfs* self, const char* path, int flags, int* result) {
    return of(self).base->xAccess(of(self).base, path, flags, result);
  };
  vfs.xFullPathname = [](sqlite3_vfs* self, const char* path, int size, char* out) {
    return of(self).base->xFullPathname(of(self).base, path, size, out);
  };
  sqlite3_vfs_register(&vfs, 0);
}

FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(&state_->vfs); }

const char* FaultVfs::name() const { return state_->name.c_str(); }

void FaultVfs::fail(Call call, std::string suffix, int skip, int times, int code) {
  const MutexLock lock(state_->mutex);
  state_->faults[call] = {std::move(suffix), skip, times, code};
}

void FaultVfs::heal() {
  const MutexLock lock(state_->mutex);
  state_->faults.clear();
}

void FaultVfs::cut_power_after(int changes) {
  const MutexLock lock(state_->mutex);
  state_->off = changes == 0;
  state_->changes_left = changes;
}

bool FaultVfs::keep_power() {
  const MutexLock lock(state_->mutex);
  state_->changes_left = 0;
  return !state_->off;
}

bool FaultVfs::off() const {
  const MutexLock lock(state_->mutex);
  return state_->off;
}

int FaultVfs::calls(Call call, std::string_view suffix) const {
  const MutexLock lock(state_->mutex);
  int calls = 0;
  for (const auto& [of, count] : state_->counts) {
    if (of.first == call && of.second.ends_with(suffix)) calls += count;
  }
  return calls;
}

void FaultVfs::lose_cache() {
  const MutexLock lock(state_->mutex);
  for (auto& [path, disk] : state_->disks) {
    const std::string& left = disk.lose_cache(state_->random);
    if (::access(path.c_str(), F_OK) != 0) continue;
    std::ofstream(path, std::ios::binary | std::ios::trunc) << left;
  }
}

void FaultVfs::power_on() {
  const MutexLock lock(state_->mutex);
  state_->off = false;
  state_->changes_left = 0;
  state_->faults.clear();
}

}  // namespace sluice::store
