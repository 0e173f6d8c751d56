// SPDX-License-Identifier: Apache-2.0
// What a guest writes to standard output and standard error: whole lines go to the log at debug
// level, long ones cut, so many a second.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "base/time.h"

namespace sluice::wasm {

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
