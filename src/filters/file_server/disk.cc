// SPDX-License-Identifier: Apache-2.0
#include "filters/file_server/disk.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sluice::filters {
namespace {

constexpr std::uint64_t kNeverWait = RESOLVE_CACHED;
constexpr std::size_t kProbeDistance = std::size_t{32} << 10;

constexpr std::uint64_t kReadFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY;

int open_at(int folder, const char* path, std::uint64_t flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = resolve;
  return static_cast<int>(::syscall(SYS_openat2, folder, path, &how, sizeof(how)));
}

// A kernel that does not know RESOLVE_CACHED (before 5.12) says EINVAL.
DiskAnswer answer_of(int error, DiskWait wait) {
  switch (error) {
    case EAGAIN:
    case EINVAL:
      return wait == DiskWait::never ? DiskAnswer::would_wait : DiskAnswer::unavailable;
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case EXDEV:  // it leads out of the root
    case ENAMETOOLONG:
    case ENXIO:  // a socket
    case ENODEV:
      return DiskAnswer::absent;
    default:
      return DiskAnswer::unavailable;
  }
}

Opened examine(Descriptor file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return {DiskAnswer::unavailable, {}};
  const bool folder = S_ISDIR(status.st_mode);
  if (!folder && !S_ISREG(status.st_mode)) return {DiskAnswer::absent, {}};
  constexpr std::int64_t kSecond = 1'000'000'000;
  return {DiskAnswer::found,
          {std::move(file), folder, static_cast<std::uint64_t>(status.st_size),
           status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec}};
}

// cachestat(2), which the headers of the build need not know.
constexpr long kCacheStat = 451;
struct CacheRange {
  std::uint64_t offset;
  std::uint64_t size;
};
struct CacheStatus {
  std::uint64_t cached;
  std::uint64_t others[4];
};

enum class Cached : std::uint8_t { whole, in_part, unknown };

Cached ask_for_pages(const Descriptor& file, std::uint64_t offset, std::size_t size) {
  static const auto kPage = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  CacheRange range{offset, size};
  CacheStatus status{};
  if (::syscall(kCacheStat, file.get(), &range, &status, 0U) != 0) return Cached::unknown;
  const std::uint64_t pages = (offset + size - 1) / kPage - offset / kPage + 1;
  return status.cached >= pages ? Cached::whole : Cached::in_part;
}

// Whether a byte of a file is there and in memory.
bool has_byte(const Descriptor& file, std::uint64_t at) {
  char byte = 0;
  const DiskRead read = read_at(file, at, {&byte, 1}, DiskWait::never);
  return read.answer == DiskAnswer::found && read.size == 1;
}

}  // namespace

Opened open_root(const std::string& path, DiskWait wait) {
  const std::uint64_t resolve = wait == DiskWait::never ? kNeverWait : 0;
  Descriptor root(open_at(AT_FDCWD, path.c_str(), O_PATH | O_DIRECTORY, resolve));
  if (!root.is_open()) return {answer_of(errno, wait), {}};
  return {DiskAnswer::found, {.file = std::move(root), .is_folder = true}};
}

// A folder that is renamed while ".." is looked up gives EAGAIN, too; the path has none, but a
// symbolic link may.
Opened open_beneath(const Descriptor& root, const std::string& path, DiskWait wait) {
  const char* const name = path.size() > 1 ? path.c_str() + 1 : ".";
  const std::uint64_t resolve =
      RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (wait == DiskWait::never ? kNeverWait : 0);
  Descriptor file(open_at(root.get(), name, kReadFlags, resolve));
  if (!file.is_open()) return {answer_of(errno, wait), {}};
  return examine(std::move(file));
}

std::optional<Opened> open_plainly(const std::string& root, const std::string& path,
                                   DiskWait wait) {
  if (path.contains("..")) return std::nullopt;
  const std::uint64_t resolve = RESOLVE_NO_SYMLINKS | (wait == DiskWait::never ? kNeverWait : 0);
  Descriptor file(open_at(AT_FDCWD, (root + path).c_str(), kReadFlags, resolve));
  if (file.is_open()) return examine(std::move(file));
  if (errno == ELOOP || errno == ENAMETOOLONG) return std::nullopt;
  return Opened{answer_of(errno, wait), {}};
}

DiskRead read_at(const Descriptor& file, std::uint64_t offset, std::span<char> to, DiskWait wait) {
  const bool never = wait == DiskWait::never;
  std::size_t done = 0;
  while (done < to.size()) {
    iovec part{to.data() + done, to.size() - done};
    const ssize_t count =
        ::preadv2(file.get(), &part, 1, static_cast<off_t>(offset + done), never ? RWF_NOWAIT : 0);
    if (count == 0) break;
    if (count > 0) {
      done += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    const bool would_wait = never && (errno == EAGAIN || errno == EOPNOTSUPP);
    if (would_wait && done > 0) break;
    return {would_wait ? DiskAnswer::would_wait : DiskAnswer::unavailable, done};
  }
  return {DiskAnswer::found, done};
}

bool in_memory(const Descriptor& file, std::uint64_t offset, std::size_t size) {
  const Cached cached = ask_for_pages(file, offset, size);
  if (cached == Cached::in_part) return false;
  // A page that is being read counts as cached, and the last one comes last.
  if (!has_byte(file, offset + size - 1)) return false;
  if (cached == Cached::whole) return has_byte(file, offset);
  for (std::size_t at = 0; at < size; at += kProbeDistance) {
    if (!has_byte(file, offset + at)) return false;
  }
  return true;
}

bool bring_into_memory(const Descriptor& file, std::uint64_t offset, std::size_t size) {
  (void)::readahead(file.get(), static_cast<off64_t>(offset), size);
  std::array<char, kProbeDistance> bytes;
  for (std::size_t done = 0; done < size;) {
    const std::size_t part = std::min(bytes.size(), size - done);
    const DiskRead read = read_at(file, offset + done, {bytes.data(), part}, DiskWait::allowed);
    if (read.answer != DiskAnswer::found || read.size == 0) return false;
    done += read.size;
  }
  return true;
}

bool can_open_beneath() {
  const Descriptor root(open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0));
  return root.is_open() || errno != ENOSYS;
}

}  // namespace sluice::filters
