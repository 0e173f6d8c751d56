// SPDX-License-Identifier: Apache-2.0
// Reads the last lines of a growing file, and follows it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/descriptor.h"
#include "base/result.h"

namespace sluice::admin {

class LogTail {
 public:
  // Begins `lines` lines before the end; at the beginning if `lines` is negative.
  [[nodiscard]] static Result<LogTail> open(const std::string& path, std::int64_t lines);

  // Appends the text since the last call, bounded. True if there was any. A file that was moved
  // away is read to its end, then the new one from its beginning.
  [[nodiscard]] bool read(std::string& out);

 private:
  LogTail(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  [[nodiscard]] Result<void> seek(std::int64_t lines);
  [[nodiscard]] bool reopen();

  std::string path_;
  Descriptor file_;
  off_t offset_ = 0;
};

}  // namespace sluice::admin
