// SPDX-License-Identifier: Apache-2.0
#include "admin/log_tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sluice::admin {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;

std::unexpected<Error> cannot_read(const std::string& path) {
  return fail(ErrorKind::unavailable,
              "cannot read " + path + ": " + std::system_category().message(errno));
}

// A pipe in place of the file would block its reader.
Descriptor open_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!file.is_open() || (::fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode))) return file;
  errno = EINVAL;
  return {};
}

// Walks back over one block. `lines` counts down to 0 at the beginning of the first wanted line.
// Returns the position of that line, or 0 for "further back".
std::size_t find_back(std::string_view block, std::int64_t& lines) {
  for (std::size_t i = block.size(); i > 0; --i) {
    if (block[i - 1] == '\n' && lines-- == 0) return i;
  }
  return 0;
}

}  // namespace

Result<LogTail> LogTail::open(const std::string& path, std::int64_t lines) {
  Descriptor file = open_file(path);
  if (!file.is_open()) return cannot_read(path);
  LogTail tail(path, std::move(file));
  SLUICE_CHECK(tail.seek(lines));
  return tail;
}

Result<void> LogTail::seek(std::int64_t lines) {
  if (lines < 0) return {};
  off_t end = ::lseek(file_.get(), 0, SEEK_END);
  if (end < 0) return cannot_read(path_);
  offset_ = end;
  if (lines == 0) return {};
  std::string block;
  while (end > 0) {
    const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(kBlockBytes));
    block.resize(static_cast<std::size_t>(end - begin));
    const ssize_t count = ::pread(file_.get(), block.data(), block.size(), begin);
    if (count < 0) return cannot_read(path_);
    block.resize(static_cast<std::size_t>(count));
    const std::size_t found = find_back(block, lines);
    offset_ = begin + static_cast<off_t>(found);
    if (found > 0) return {};
    end = begin;
  }
  return {};
}

bool LogTail::read(std::string& out) {
  const std::size_t size = out.size();
  out.resize(size + kBlockBytes);
  const ssize_t count = ::pread(file_.get(), out.data() + size, kBlockBytes, offset_);
  out.resize(size + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count <= 0) return reopen() && read(out);
  offset_ += count;
  return true;
}

bool LogTail::reopen() {
  struct stat named {};
  struct stat ours {};
  if (::stat(path_.c_str(), &named) != 0 || ::fstat(file_.get(), &ours) != 0) return false;
  const bool same = named.st_ino == ours.st_ino && named.st_dev == ours.st_dev;
  if (same && ours.st_size >= offset_) return false;
  Descriptor fresh = open_file(path_);
  if (!fresh.is_open()) return false;
  file_ = std::move(fresh);
  offset_ = 0;
  return named.st_size > 0;
}

}  // namespace sluice::admin
