// SPDX-License-Identifier: Apache-2.0
// A line on a terminal that is written again and again.
#pragma once

#include <chrono>
#include <ostream>
#include <string_view>

#include "base/time.h"

namespace sluice::egctl {

class StatusLine {
 public:
  // Writes nothing unless `visible` (standard error is a terminal).
  StatusLine(std::ostream& err, bool visible) : err_(err), visible_(visible) {}
  [[nodiscard]] bool visible() const { return visible_; }
  // True at most ten times a second.
  [[nodiscard]] bool is_due() {
    const auto now = Clock::now();
    if (!visible_ || now - shown_ < std::chrono::milliseconds(100)) return false;
    shown_ = now;
    return true;
  }
  void show(std::string_view text) {
    if (!visible_) return;
    err_ << "\r\x1b[K" << text << std::flush;
    open_ = true;
  }
  // Ends the line, so that an error gets its own line.
  void end() {
    if (open_) err_ << "\n" << std::flush;
    open_ = false;
  }

 private:
  std::ostream& err_;
  const bool visible_;
  Clock::time_point shown_ = Clock::now();
  bool open_ = false;  // the cursor is behind a text that was shown
};

}  // namespace sluice::egctl
