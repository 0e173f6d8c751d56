// SPDX-License-Identifier: Apache-2.0
#include "egctl/upload_progress.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

namespace sluice::egctl {
namespace {

std::string seconds(std::chrono::steady_clock::duration time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f s", std::chrono::duration<double>(time).count());
  return text.data();
}

}  // namespace

void UploadProgress::sent(std::string_view piece) {
  if (!line_.visible()) return;
  keys_ += static_cast<std::uint64_t>(std::ranges::count(piece, '\n'));
  if (line_.is_due()) line_.show(rate(keys_, Clock::now() - begin_));
}

void UploadProgress::committing() {
  all_sent_ = Clock::now();
  line_.show(rate(keys_, all_sent_ - begin_) + ", committing");
}

void UploadProgress::committed(std::uint64_t entries) {
  line_.show(rate(entries, all_sent_ - begin_) + ", committed in " +
             seconds(Clock::now() - all_sent_));
  line_.end();
}

std::string UploadProgress::rate(std::uint64_t keys, Clock::duration time) {
  const double passed = std::max(std::chrono::duration<double>(time).count(), 0.001);
  const auto per_second = static_cast<std::uint64_t>(static_cast<double>(keys) / passed);
  return std::to_string(keys) + " keys, " + std::to_string(per_second) + " keys/s";
}

}  // namespace sluice::egctl
