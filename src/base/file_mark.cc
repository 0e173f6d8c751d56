// SPDX-License-Identifier: Apache-2.0
#include "base/file_mark.h"

#include <sys/stat.h>

namespace sluice {

FileMark FileMark::of(const std::string& path, std::int64_t now_ms) {
  struct stat entry {};
  FileMark mark;
  if (::stat(path.c_str(), &entry) != 0) return mark;
  mark.facts_ = {entry.st_dev,
                 entry.st_ino,
                 entry.st_size,
                 {entry.st_mtim.tv_sec, entry.st_mtim.tv_nsec},
                 {entry.st_ctim.tv_sec, entry.st_ctim.tv_nsec}};
  constexpr std::int64_t kMillion = 1'000'000;
  const std::int64_t changed_ms =
      mark.facts_.changed.seconds * 1000 + mark.facts_.changed.nanoseconds / kMillion;
  mark.young_ = now_ms - changed_ms <= std::chrono::milliseconds(kFileClock).count();
  return mark;
}

bool FileMark::shows_no_change_since(const FileMark& before) const {
  return facts_.size >= 0 && !before.young_ && facts_ == before.facts_;
}

}  // namespace sluice
