// SPDX-License-Identifier: Apache-2.0
// The progress line of an upload on a terminal.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "base/time.h"
#include "egctl/status_line.h"

namespace sluice::egctl {

class UploadProgress {
 public:
  // Writes nothing unless `visible` (standard error is a terminal).
  UploadProgress(std::ostream& err, bool visible) : line_(err, visible) {}
  // A piece is being sent. One line of it is one key.
  void sent(std::string_view piece);
  // All pieces are sent, and the server commits.
  void committing();
  // The server has committed; `entries` is its count.
  void committed(std::uint64_t entries);
  // Ends the line, so that an error gets its own line.
  void broken() { line_.end(); }

 private:
  [[nodiscard]] static std::string rate(std::uint64_t keys, Clock::duration time);

  StatusLine line_;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point all_sent_ = begin_;
  std::uint64_t keys_ = 0;
};

}  // namespace sluice::egctl
