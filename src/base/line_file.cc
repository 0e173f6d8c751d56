// SPDX-License-Identifier: Apache-2.0
#include "base/line_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sluice {
namespace {

constexpr int kMode = 0666;  // less the umask, as other programs' logs

std::size_t count_lines(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

LineFile::LineFile(std::string path, int standard) : path_(std::move(path)), standard_(standard) {
  if (!reopen()) error_ = errno;
}

bool LineFile::reopen() {
  if (path_.empty()) return true;
  std::error_code ignored;  // open() says what is wrong
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  Descriptor fresh(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kMode));
  if (!fresh.is_open()) return false;
  file_ = std::move(fresh);
  rest_.clear();  // of the other file
  return true;
}

bool LineFile::is_removed() const {
  struct stat found {};
  if (path_.empty()) return false;
  return !file_.is_open() || (::fstat(file_.get(), &found) == 0 && found.st_nlink == 0);
}

std::size_t LineFile::write(std::string_view bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t taken = ::write(descriptor(), bytes.data() + written, bytes.size() - written);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0) {
      error_ = errno;
      break;
    }
    written += static_cast<std::size_t>(taken);
  }
  return written;
}

std::size_t LineFile::append(std::string_view lines) {
  if (is_removed()) (void)reopen();
  error_ = 0;
  rest_.erase(0, write(rest_));
  if (!rest_.empty()) return count_lines(lines);
  const std::size_t written = write(lines);
  if (written == lines.size()) return 0;
  std::string_view left = lines.substr(written);
  if (written > 0 && lines[written - 1] != '\n') {
    rest_ = left.substr(0, left.find('\n') + 1);
    left.remove_prefix(rest_.size());
  }
  return count_lines(left);
}

}  // namespace sluice
