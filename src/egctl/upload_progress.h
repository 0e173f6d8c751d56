// SPDX-License-Identifier: Apache-2.0
// The progress line of an upload on a terminal.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "base/time.h"

namespace sluice::egctl {

class UploadProgress {
 public:
  // Writes nothing unless `visible` (standard error is a terminal).
  UploadProgress(std::ostream& err, bool visible) : err_(err), visible_(visible) {}
  // A piece is being sent. One line of it is one key.
  void sent(std::string_view piece);
  // All pieces are sent, and the server commits.
  void committing();
  // The server has committed; `entries` is its count.
  void committed(std::uint64_t entries);
  // Ends the line, so that an error gets its own line.
  void broken();

 private:
  void show(std::string_view what);
  [[nodiscard]] static std::string rate(std::uint64_t keys, Clock::duration time);

  std::ostream& err_;
  bool visible_;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point shown_ = begin_;
  Clock::time_point all_sent_ = begin_;
  std::uint64_t keys_ = 0;
  bool open_ = false;  // the cursor is behind a line that was shown
};

}  // namespace sluice::egctl
