// SPDX-License-Identifier: Apache-2.0
#include "wasm/guest_output.h"

namespace sluice::wasm {
namespace {

constexpr std::size_t kLineBytesMax = 1000;
constexpr std::size_t kWriteBytesMax = 16 << 10;
constexpr int kLinesPerSecond = 20;

}  // namespace

void GuestOutput::write(std::string_view bytes) {
  if (!logger_.enabled(LogLevel::debug)) return;
  for (const char c : bytes.substr(0, kWriteBytesMax)) {
    if (c == '\n') {
      end_line();
    } else if (line_.size() < kLineBytesMax) {
      line_ += c;
    }
  }
}

void GuestOutput::end_line() {
  const TimePoint now = Clock::now();
  if (now - window_ >= std::chrono::seconds(1)) {
    window_ = now;
    lines_in_window_ = 0;
  }
  if (++lines_in_window_ <= kLinesPerSecond) logger_.debug(name_ + ": " + line_);
  line_.clear();
}

}  // namespace sluice::wasm
