// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/mark.h"

#include <sqlite3.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "store/embedded/connection.h"
#include "store/embedded/schema.h"

namespace sluice::store {
namespace {

constexpr std::size_t kPlaceSize = 4096;

}  // namespace

// Uses the SQLite VFS, so that tests can replace the disk.
class Mark::File {
 public:
  File(std::string path, sqlite3_vfs& vfs)
      : path_(std::move(path)),
        memory_(std::make_unique<unsigned char[]>(static_cast<std::size_t>(vfs.szOsFile))),
        file_(reinterpret_cast<sqlite3_file*>(memory_.get())),
        vfs_(vfs) {}
  ~File() {
    if (file_->pMethods != nullptr) file_->pMethods->xClose(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] Result<void> open() {
    return ok(
        vfs_.xOpen(&vfs_, path_.c_str(), file_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL, nullptr));
  }
  // The file has a fixed size, so that no write needs free space on the disk.
  [[nodiscard]] Result<void> write(int place, std::string line) {
    line.resize(kMarkLineMax, '\0');
    const auto at = static_cast<sqlite3_int64>(place) * sqlite3_int64{kPlaceSize};
    return ok(file_->pMethods->xWrite(file_, line.data(), static_cast<int>(line.size()), at));
  }
  [[nodiscard]] Result<void> sync() {
    return ok(file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY));
  }

 private:
  [[nodiscard]] Result<void> ok(int code) const {
    if (code == SQLITE_OK) return {};
    return std::unexpected(file_error(path_, code, errno));
  }
  const std::string path_;
  std::unique_ptr<unsigned char[]> memory_;
  sqlite3_file* file_;
  sqlite3_vfs& vfs_;
};

Mark::Mark() = default;
Mark::~Mark() = default;

namespace {

struct Newest {
  std::optional<MarkLine> line;
  int place = 0;
};

Newest newest_in(std::string_view text, int places) {
  Newest newest;
  for (int place = 0; place < places; ++place) {
    const std::size_t at = static_cast<std::size_t>(place) * kPlaceSize;
    if (at >= text.size()) break;
    auto line = parse_mark_line(text.substr(at, kMarkLineMax));
    if (!line || (newest.line && newest.line->number >= line->number)) continue;
    newest = {std::move(line), place};
  }
  return newest;
}

Result<std::string> contents(const std::string& path) {
  constexpr std::size_t kFileBytesMax = std::size_t{1} << 20;
  auto text = read_file(path, kFileBytesMax);
  if (text) return text;
  return fail(ErrorKind::unavailable,
              text.error().message +
                  ": put the file itself there, for the server's user to read and write");
}

}  // namespace

Result<std::optional<MarkRecord>> Mark::read(const std::string& path) {
  std::error_code unknown;
  if (!std::filesystem::exists(path, unknown) && !unknown) return std::nullopt;
  SLUICE_TRY(const std::string text, contents(path));
  Newest newest = newest_in(text, kPlaces);
  if (newest.line) return std::move(newest.line->record);
  return fail(ErrorKind::internal, path + " is damaged");
}

Result<void> Mark::create(const std::string& path, const MarkRecord& record) {
  std::string text = to_line(record, 1);
  text.resize(kPlaces * kPlaceSize, '\0');
  auto replaced = replace_file(path, text);
  if (!replaced) replaced.error().message += ": look at the data directory and its disk";
  return replaced;
}

Result<void> Mark::open(const std::string& path, const char* vfs_name) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_name);
  if (vfs == nullptr) return fail(ErrorKind::internal, "SQLite has no such file system");
  auto file = std::make_unique<File>(path, *vfs);
  SLUICE_CHECK(file->open());
  SLUICE_TRY(const std::string text, contents(path));
  Newest newest = newest_in(text, kPlaces);
  if (!newest.line) return fail(ErrorKind::internal, path + " is damaged");
  file_ = std::move(file);
  {
    const MutexLock lock(mutex_);
    SLUICE_CHECK(go_on_from(std::move(*newest.line), newest.place));
  }
  return sync();
}

Result<void> Mark::go_on_from(MarkLine line, int place) {
  record_ = std::move(line.record);
  for (const LogSalts& salts : record_.logs) logs_.push_back({0, salts});
  number_ = line.number;
  next_cycle_ = record_.cycle;
  place_ = on_disk_ = place;
  // The line that was read may be in the system's cache only.
  unsynced_ = true;
  return file_->write(place_, to_line(record_, number_));
}

Result<void> Mark::write() {
  record_.logs.clear();
  for (const Begun& log : logs_) record_.logs.push_back(log.salts);
  if (place_ == on_disk_ || place_ == syncing_) {
    for (place_ = 0; place_ == on_disk_ || place_ == syncing_;) ++place_;
  }
  SLUICE_CHECK(file_->write(place_, to_line(record_, ++number_)));
  stale_ = false;
  return {};
}

Result<void> Mark::sync() {
  const MutexLock one_at_a_time(sync_mutex_);
  {
    const MutexLock lock(mutex_);
    if (!unsynced_) return {};
    if (stale_) SLUICE_CHECK(write());
    unsynced_ = false;
    syncing_ = place_;
  }
  const auto synced = file_->sync();
  const MutexLock lock(mutex_);
  if (synced) on_disk_ = syncing_;
  syncing_ = -1;
  // The system may have dropped the line and taken it for written (WalVfs): it is written again.
  if (!synced) unsynced_ = stale_ = true;
  return synced;
}

Result<void> Mark::start(Durability durability, std::string boot, Version told) {
  {
    const MutexLock lock(mutex_);
    record_.running = true;
    record_.was.clear();
    record_.durability = durability;
    record_.boot = std::move(boot);
    record_.told = record_.on_disk = told;
    unsynced_ = true;
    SLUICE_CHECK(write());
  }
  return sync();
}

Result<void> Mark::tell(Version more) {
  const MutexLock lock(mutex_);
  record_.told += more;
  const bool disk = record_.durability == Durability::disk;
  if (disk) record_.on_disk = record_.told;
  const auto written = write();
  if (!written) record_.told -= more;  // the group will be retried
  if (disk) unsynced_ = true;
  return written;
}

Result<void> Mark::stop(std::uint64_t size) {
  {
    const MutexLock lock(mutex_);
    record_.running = false;
    record_.size = size;
    record_.on_disk = record_.told;
    record_.cycle = next_cycle_;
    unsynced_ = true;
    SLUICE_CHECK(write());
  }
  return sync();
}

void Mark::set_cycle(std::uint64_t cycle) {
  const MutexLock lock(mutex_);
  next_cycle_ = cycle;
}

std::uint64_t Mark::logs_begun() const {
  const MutexLock lock(mutex_);
  return logs_begun_;
}

Result<void> Mark::log_begins(LogSalts salts) {
  {
    const MutexLock lock(mutex_);
    if (logs_.size() >= kMarkLogsMax) {
      return fail(ErrorKind::internal, "too many logs have begun, and none is on disk");
    }
    logs_.push_back({++logs_begun_, salts});
    record_.cycle = next_cycle_;
    unsynced_ = true;
    stale_ = true;
  }
  const auto named = sync();
  if (named) return named;
  const MutexLock lock(mutex_);
  std::erase_if(logs_, [last = logs_begun_](const Begun& log) { return log.number == last; });
  --logs_begun_;
  return named;
}

Version Mark::sync_begins() {
  const MutexLock lock(mutex_);
  return record_.told;
}

void Mark::log_synced(std::uint64_t logs, Version told) {
  const MutexLock lock(mutex_);
  std::erase_if(logs_, [&](const Begun& log) { return log.number < logs; });
  if (told <= record_.on_disk) return;
  record_.on_disk = told;
  unsynced_ = true;
  stale_ = true;
}

std::string boot_of_machine() {
  constexpr std::size_t kFileBytesMax = 64;
  const auto boot = read_file("/proc/sys/kernel/random/boot_id", kFileBytesMax);
  return boot ? std::string(trim_space(*boot)) : "";
}

}  // namespace sluice::store
