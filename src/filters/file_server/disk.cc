// SPDX-License-Identifier: Apache-2.0
#include "filters/file_server/disk.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::filters {
namespace {

constexpr std::uint64_t kNeverWait = RESOLVE_CACHED;

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

}  // namespace

Opened open_root(const std::string& path, DiskWait wait) {
  const std::uint64_t resolve = wait == DiskWait::never ? kNeverWait : 0;
  Descriptor root(open_at(AT_FDCWD, path.c_str(), O_PATH | O_DIRECTORY, resolve));
  if (!root.is_open()) return {answer_of(errno, wait), {}};
  return {DiskAnswer::found, {.file = std::move(root), .is_folder = true}};
}

// A folder that is renamed while ".." is looked up gives EAGAIN, too; the path has none, but a
// symbolic link may.
Opened open_beneath(const Descriptor& root, std::string_view path, DiskWait wait) {
  const std::string name(path == "/" ? "." : path.substr(1));
  const std::uint64_t resolve =
      RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (wait == DiskWait::never ? kNeverWait : 0);
  Descriptor file(open_at(root.get(), name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY, resolve));
  if (!file.is_open()) return {answer_of(errno, wait), {}};
  return examine(std::move(file));
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

bool can_open_beneath() {
  const Descriptor root(open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0));
  return root.is_open() || errno != ENOSYS;
}

}  // namespace sluice::filters
