// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/wal_check.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace sluice::store {
namespace {

constexpr std::size_t kChunk = 1 << 16;       // less than 128 KiB, SQLite's limit per call
constexpr std::uint32_t kMagic = 0x377f0682;  // lowest bit set: big-endian checksums

using Bytes = std::span<const unsigned char>;

std::uint32_t word(Bytes bytes, std::size_t at, bool big_endian) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= std::uint32_t{bytes[at + i]} << (8 * (big_endian ? 3 - i : i));
  }
  return value;
}

// As in SQLite's file format, section 4.1.
bool is_header(Bytes bytes) {
  const std::uint32_t magic = word(bytes, 0, true);
  if ((magic & ~1U) != kMagic) return false;
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  for (std::size_t at = 0; at < 24; at += 8) {
    first += word(bytes, at, (magic & 1U) != 0) + second;
    second += word(bytes, at + 4, (magic & 1U) != 0) + first;
  }
  return first == word(bytes, 24, true) && second == word(bytes, 28, true);
}

class WalFile {
 public:
  WalFile(std::string path, sqlite3_vfs& vfs)
      : path_(std::move(path)),
        memory_(std::make_unique<unsigned char[]>(static_cast<std::size_t>(vfs.szOsFile))),
        file_(reinterpret_cast<sqlite3_file*>(memory_.get())),
        vfs_(vfs) {}
  ~WalFile() {
    if (file_->pMethods != nullptr) file_->pMethods->xClose(file_);
  }
  WalFile(const WalFile&) = delete;
  WalFile& operator=(const WalFile&) = delete;

  Result<std::optional<LogSalts>> settle() {
    SLUICE_CHECK(ok(
        vfs_.xOpen(&vfs_, path_.c_str(), file_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL, nullptr)));
    sqlite3_int64 size = 0;
    SLUICE_CHECK(ok(file_->pMethods->xFileSize(file_, &size)));
    SLUICE_TRY(const auto salts, read_beginning(size));
    SLUICE_CHECK(rewrite(size));
    return salts;
  }

 private:
  [[nodiscard]] Result<void> ok(int code) const {
    if (code == SQLITE_OK) return {};
    return fail(ErrorKind::unavailable, path_ + ": " + sqlite3_errstr(code) + " [" +
                                            std::to_string(code) +
                                            "]: let the server's user read and write the file, and "
                                            "look at its disk");
  }
  // The header is on disk before any commit. So a file with a torn header holds no commit, or is
  // damaged.
  [[nodiscard]] Result<std::optional<LogSalts>> read_beginning(sqlite3_int64 size) {
    std::array<unsigned char, 512> bytes{};
    const auto there = std::min<sqlite3_int64>(size, bytes.size());
    if (size < kLogHeaderBytes) return std::nullopt;
    SLUICE_CHECK(ok(file_->pMethods->xRead(file_, bytes.data(), static_cast<int>(there), 0)));
    if (is_header(bytes)) return salts_of(bytes);
    if (std::ranges::all_of(bytes, [](auto b) { return b == 0; })) return std::nullopt;
    return fail(ErrorKind::internal,
                path_ +
                    " is damaged, and holds what was written last: restore it together with "
                    "the other files of the data directory from a backup");
  }
  // After a failed fsync, the kernel may mark pages clean that never reached the disk. SQLite would
  // read them, and no later fsync would write them. So this writes everything once more.
  [[nodiscard]] Result<void> rewrite(sqlite3_int64 size) {
    std::vector<unsigned char> chunk(
        static_cast<std::size_t>(std::min<sqlite3_int64>(size, kChunk)));
    for (sqlite3_int64 at = 0; at < size; at += static_cast<sqlite3_int64>(chunk.size())) {
      const auto part = static_cast<int>(std::min<sqlite3_int64>(size - at, kChunk));
      SLUICE_CHECK(ok(file_->pMethods->xRead(file_, chunk.data(), part, at)));
      SLUICE_CHECK(ok(file_->pMethods->xWrite(file_, chunk.data(), part, at)));
    }
    return ok(file_->pMethods->xSync(file_, SQLITE_SYNC_NORMAL));
  }

  const std::string path_;
  std::unique_ptr<unsigned char[]> memory_;
  sqlite3_file* file_;
  sqlite3_vfs& vfs_;
};

}  // namespace

LogSalts salts_of(std::span<const unsigned char> header) {
  return {word(header, 16, true), word(header, 20, true)};
}

Result<std::optional<LogSalts>> settle_wal(const std::string& path, const char* vfs_name) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_name);
  if (vfs == nullptr) return fail(ErrorKind::internal, "SQLite has no such file system");
  WalFile wal(path + "-wal", *vfs);
  int exists = 0;
  vfs->xAccess(vfs, (path + "-wal").c_str(), SQLITE_ACCESS_EXISTS, &exists);
  if (exists == 0) return std::nullopt;
  return wal.settle();
}

}  // namespace sluice::store
