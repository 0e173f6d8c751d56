// SPDX-License-Identifier: Apache-2.0
// LineFile: a log file to which whole lines are appended. A disk that is full, or a folder that
// vanishes, costs lines, which are counted, and never leaves a part of one before the next. One
// thread at a time, which may wait for a disk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/descriptor.h"

namespace sluice {

class LineFile {
 public:
  // Opens `path` to append; creates it, and its folder. As long as that fails, and for "": writes
  // to `standard`, the descriptor of a standard stream.
  LineFile(std::string path, int standard);

  // Opens the path anew, after a rotation has moved the file. If that fails, what was open is
  // written on. Returns false, with errno, then.
  [[nodiscard]] bool reopen();
  // Appends `lines`, each with its line feed. Returns how many of them are lost: error() says why.
  // A file that somebody has removed is made anew. A line that the disk takes in part is completed
  // before any other.
  std::size_t append(std::string_view lines);
  // The errno of the last append(); 0: it lost nothing.
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  [[nodiscard]] int descriptor() const { return file_.is_open() ? file_.get() : standard_; }
  [[nodiscard]] bool is_removed() const;
  // Returns the number of bytes that were written; sets error_ if not all were.
  std::size_t write(std::string_view bytes);

  const std::string path_;
  const int standard_;
  Descriptor file_;
  std::string rest_;  // of a line that was written in part
  int error_ = 0;
};

}  // namespace sluice
