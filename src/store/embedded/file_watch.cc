// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/file_watch.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sluice::store {
namespace {

// SQLite truncates a larger log to this size, `journal_size_limit`.
constexpr off_t kLogKept = 64 << 20;

}  // namespace

Result<void> FileWatch::add(std::string path, std::string advice) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return fail(ErrorKind::unavailable,
                path + " cannot be found: " + std::generic_category().message(errno));
  }
  files_.push_back({std::move(path), std::move(advice), info.st_dev, info.st_ino, info.st_size});
  return {};
}

Result<void> FileWatch::check() {
  for (WatchedFile& file : files_) {
    struct stat info {};
    std::string trouble;
    if (::stat(file.path.c_str(), &info) != 0) {
      trouble = " is gone (" + std::generic_category().message(errno) + ")";
    } else if (info.st_dev != file.device || info.st_ino != file.number) {
      trouble = " was replaced by another file";
    } else if (info.st_size < std::min(file.size, kLogKept)) {
      cut_short_ = true;
      return fail(ErrorKind::unavailable, file.path +
                                              " was cut short while the server uses it: stop the "
                                              "server, restore the data directory from a backup "
                                              "and start it again");
    } else {
      file.size = std::max(file.size, info.st_size);
      continue;
    }
    return fail(ErrorKind::unavailable, file.path + trouble +
                                            " while the server uses it: put the " +
                                            "same file back, or " + file.advice);
  }
  return {};
}

}  // namespace sluice::store
