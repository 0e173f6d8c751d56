// SPDX-License-Identifier: Apache-2.0
// FileMark: tells whether a file has changed without reading it. Size and time of modification are
// not enough: a program can write the same number of bytes and set the time back. It cannot set the
// time of the last change of the inode (ctime).
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace sluice {

class FileMark {
 public:
  // The coarsest clock of a file system. Two changes within it may leave one mark.
  static constexpr std::chrono::seconds kFileClock{2};

  // Of no file.
  FileMark() = default;
  // Look before you read: the next look then sees a change during the read.
  [[nodiscard]] static FileMark of(const std::string& path, std::int64_t now_ms = unix_time_ms());

  // True if the file is there, and is the one of `before` without a change.
  [[nodiscard]] bool shows_no_change_since(const FileMark& before) const;

 private:
  struct Time {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(const Time&) const = default;
  };
  struct Facts {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = -1;  // no file
    Time modified;
    Time changed;
    bool operator==(const Facts&) const = default;
  };

  Facts facts_;
  bool young_ = false;  // the last change was within kFileClock before the look
};

}  // namespace sluice
