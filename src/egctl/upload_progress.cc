// SPDX-License-Identifier: Apache-2.0
#include "egctl/upload_progress.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

namespace sluice::egctl {
namespace {

constexpr auto kShowEvery = std::chrono::milliseconds(100);
constexpr const char* kClearLine = "\r\x1b[K";

std::string seconds(std::chrono::steady_clock::duration time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f s", std::chrono::duration<double>(time).count());
  return text.data();
}

}  // namespace

void UploadProgress::sent(std::string_view piece) {
  if (!visible_) return;
  keys_ += static_cast<std::uint64_t>(std::ranges::count(piece, '\n'));
  const auto now = Clock::now();
  if (now - shown_ < kShowEvery) return;
  shown_ = now;
  show(rate(keys_, now - begin_));
}

void UploadProgress::committing() {
  all_sent_ = Clock::now();
  show(rate(keys_, all_sent_ - begin_) + ", committing");
}

void UploadProgress::committed(std::uint64_t entries) {
  show(rate(entries, all_sent_ - begin_) + ", committed in " + seconds(Clock::now() - all_sent_));
  broken();
}

void UploadProgress::broken() {
  if (open_) err_ << "\n" << std::flush;
  open_ = false;
}

void UploadProgress::show(std::string_view what) {
  if (!visible_) return;
  err_ << kClearLine << what << std::flush;
  open_ = true;
}

std::string UploadProgress::rate(std::uint64_t keys, Clock::duration time) {
  const double passed = std::max(std::chrono::duration<double>(time).count(), 0.001);
  const auto per_second = static_cast<std::uint64_t>(static_cast<double>(keys) / passed);
  return std::to_string(keys) + " keys, " + std::to_string(per_second) + " keys/s";
}

}  // namespace sluice::egctl
