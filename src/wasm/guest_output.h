// SPDX-License-Identifier: Apache-2.0
// GuestOutput: the lines that a guest writes to standard output and standard error. Whole lines go
// to the log at debug level. Long lines are cut, and their number per second is limited.
// GuestWords: what it said last before it failed, which is often the only reason that there is.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "base/time.h"

namespace sluice::wasm {

class GuestWords {
 public:
  // The beginning and the end of what is said between two calls of forget() are kept.
  void add(std::string_view bytes);
  void forget() {
    if (!first_.empty()) first_.clear(), last_.clear();
  }
  // On one line; "" if nothing was said. Control characters but blanks are left out.
  [[nodiscard]] std::string line() const;

 private:
  std::string first_;
  std::string last_;  // of what did not fit
};

class GuestOutput {
 public:
  GuestOutput(Logger logger, std::string name)
      : logger_(std::move(logger)), name_(std::move(name)) {}
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
