// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/descriptor.h"

namespace sluice {
namespace {

std::unexpected<Error> cannot_read(const std::string& path) {
  const int error = errno;
  return fail(error == ENOENT || error == ENOTDIR ? ErrorKind::not_found : ErrorKind::unavailable,
              path + " cannot be read: " + std::generic_category().message(error));
}

std::unexpected<Error> cannot_write(const std::string& path) {
  return fail(ErrorKind::unavailable,
              path + " cannot be written: " + std::generic_category().message(errno));
}

// Reads up to one byte beyond `expected` at once, to detect the end.
Result<std::string> read_to_end(int file, const std::string& path, std::size_t expected,
                                std::size_t bytes_max) {
  constexpr std::size_t kPiece = std::size_t{64} * 1024;
  std::string bytes;
  for (std::size_t size = 0;;) {
    const std::size_t room = std::max(expected > size ? expected - size : 0, kPiece);
    bytes.resize(size + std::min(room, bytes_max + 1 - size));
    const ssize_t count = ::read(file, bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(path);
    size += static_cast<std::size_t>(count);
    if (size > bytes_max) {
      return fail(ErrorKind::too_large,
                  path + " is larger than " + std::to_string(bytes_max) + " bytes");
    }
    if (count > 0) continue;
    bytes.resize(size);
    return bytes;
  }
}

// O_EXCL: a leftover may have another mode, or be a link to another file.
Result<void> write_fresh(const std::string& path, std::string_view bytes,
                         const ReplaceOptions& options) {
  ::unlink(path.c_str());
  Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, options.mode));
  if (!file.is_open() || !write_all(file.get(), bytes) ||
      (options.sync && ::fsync(file.get()) != 0) || !file.close())
    return cannot_write(path);
  return {};
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return path.substr(0, std::max<std::size_t>(slash, 1));
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max, FileKind kind) {
  // Without O_NONBLOCK, opening a pipe waits for a writer.
  const int patience = kind == FileKind::regular ? O_NONBLOCK : 0;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | patience));
  struct stat info {};
  if (!file.is_open() || ::fstat(file.get(), &info) != 0) return cannot_read(path);
  if (kind == FileKind::regular && !S_ISREG(info.st_mode))
    return fail(ErrorKind::invalid, path + " is not a regular file");
  const auto expected = static_cast<std::size_t>(std::max<off_t>(info.st_size, 0));
  return read_to_end(file.get(), path, expected, bytes_max);
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

Result<void> replace_file(const std::string& path, std::string_view bytes,
                          const ReplaceOptions& options) {
  const std::string fresh = path + std::string(options.suffix);
  Result<void> done = write_fresh(fresh, bytes, options);
  if (done && std::rename(fresh.c_str(), path.c_str()) != 0) done = cannot_write(path);
  if (!done) {
    ::unlink(fresh.c_str());
    return done;
  }
  if (options.sync && !sync_directory(parent_of(path))) return cannot_write(path);
  return {};
}

bool sync_directory(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.is_open() && ::fsync(folder.get()) == 0;
}

}  // namespace sluice
