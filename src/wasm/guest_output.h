// SPDX-License-Identifier: Apache-2.0
// GuestOutput: the lines that a guest writes to standard output and standard error. Whole lines go
// to the log at debug level. Long lines are cut, and their number per second is limited.
// GuestWords: the last output of a guest before it failed, which is often the only reason known.
// Both are used by the thread of the guest.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "base/time.h"

namespace sluice::wasm {

class GuestWords {
 public:
  // Keeps the beginning and the end of all that is added between two calls of forget().
  void add(std::string_view bytes);
  void forget() {
    if (!first_.empty()) first_.clear(), last_.clear();
  }
  // Returns the kept text on one line; "" if there is none. Leaves out control characters other
  // than blanks.
  [[nodiscard]] std::string line() const;

 private:
  std::string first_;
  std::string last_;  // of what did not fit
};

class GuestOutput {
 public:
  // `name` begins each line.
  GuestOutput(Logger logger, std::string name)
      : logger_(std::move(logger)), name_(std::move(name)) {}
  // Takes output as the guest writes it, cut anywhere.
  void write(std::string_view bytes);

 private:
  void end_line();

  Logger logger_;
  std::string name_;
  std::string line_;
  TimePoint window_{};
  int lines_in_window_ = 0;
};

}  // namespace sluice::wasm
