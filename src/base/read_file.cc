// SPDX-License-Identifier: Apache-2.0
#include "base/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sluice {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

std::unexpected<Error> cannot_read(const std::string& path) {
  const int error = errno;
  return fail(error == ENOENT || error == ENOTDIR ? ErrorKind::not_found : ErrorKind::unavailable,
              path + " cannot be read: " + std::generic_category().message(error));
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  // Without O_NONBLOCK, opening a pipe waits for a writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0) return cannot_read(path);
  if (!S_ISREG(info.st_mode)) return fail(ErrorKind::invalid, path + " is not a regular file");
  constexpr std::size_t kPiece = std::size_t{64} * 1024;
  std::string bytes;
  for (std::size_t size = 0;;) {
    // Reads up to one byte beyond the expected size, to detect the end.
    const std::size_t expected = static_cast<std::size_t>(std::max<off_t>(info.st_size, 0));
    const std::size_t room = std::max(expected > size ? expected - size : 0, kPiece);
    bytes.resize(size + std::min(room, bytes_max + 1 - size));
    const ssize_t count = ::read(file.get(), bytes.data() + size, bytes.size() - size);
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

}  // namespace sluice
