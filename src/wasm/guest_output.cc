// SPDX-License-Identifier: Apache-2.0
#include "wasm/guest_output.h"

#include <algorithm>

namespace sluice::wasm {
namespace {

constexpr std::size_t kLineBytesMax = 1000;
constexpr std::size_t kWriteBytesMax = 16 << 10;
constexpr int kLinesPerSecond = 20;
// A panic of Go or Rust begins with its reason; the stack that follows may be long.
constexpr std::size_t kFirstWordsMax = 400;
constexpr std::size_t kLastWordsMax = 200;

void append_line(std::string& out, std::string_view text) {
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!blank && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) continue;
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
}

}  // namespace

void GuestWords::add(std::string_view bytes) {
  if (first_.size() < kFirstWordsMax) {
    const std::string_view fits = bytes.substr(0, kFirstWordsMax - first_.size());
    first_ += fits;
    bytes.remove_prefix(fits.size());
  }
  if (bytes.empty()) return;
  last_ += bytes.substr(bytes.size() - std::min(bytes.size(), kLastWordsMax));
  if (last_.size() > kLastWordsMax) last_.erase(0, last_.size() - kLastWordsMax);
}

std::string GuestWords::line() const {
  std::string out;
  append_line(out, first_);
  if (!last_.empty()) {
    out += last_.size() < kLastWordsMax ? "" : " ... ";
    append_line(out, last_);
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

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
