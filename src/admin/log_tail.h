// SPDX-License-Identifier: Apache-2.0
// The last lines of a file that grows.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace sluice::admin {

class LogTail {
 public:
  // Begins `lines` lines before the end; all of the file if negative.
  [[nodiscard]] static Result<LogTail> open(const std::string& path, std::int64_t lines);
  LogTail(LogTail&& other) noexcept;
  LogTail& operator=(LogTail&&) = delete;
  ~LogTail();

  // Appends what has come since the last call, bounded; true if there was something. A file that
  // was moved away is read to its end, then the new one from its beginning.
  [[nodiscard]] bool read(std::string& out);

 private:
  LogTail(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  [[nodiscard]] Result<void> seek(std::int64_t lines);
  [[nodiscard]] bool reopen();

  std::string path_;
  int descriptor_;
  off_t offset_ = 0;
};

}  // namespace sluice::admin
