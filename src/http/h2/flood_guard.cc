// SPDX-License-Identifier: Apache-2.0
#include "http/h2/flood_guard.h"

#include <algorithm>
#include <chrono>

namespace sluice::http::h2 {

FloodGuard::FloodGuard(const SessionLimits& limits)
    : resets_(limits.resets),
      pings_(limits.pings),
      settings_(limits.settings),
      priorities_(limits.priorities),
      empty_data_(limits.empty_data),
      window_updates_(limits.window_updates),
      unknown_(limits.unknown),
      continuations_max_(limits.continuations_max) {}

// Reads the clock only when the tokens are used up.
bool FloodGuard::Bucket::take() {
  if (tokens_ < 1) {
    const TimePoint now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - filled_).count();
    tokens_ = std::min(budget_.burst, tokens_ + seconds * budget_.per_second);
    filled_ = now;
  }
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void FloodGuard::Bucket::earn(double tokens) {
  tokens_ = std::min(budget_.burst, tokens_ + tokens);
}

const char* FloodGuard::admit_reset() {
  return resets_.take() ? nullptr : "too many streams reset";
}

const char* FloodGuard::admit(const FrameHead& head) {
  if (head.type != FrameType::continuation) continuations_ = 0;
  switch (head.type) {
    case FrameType::data:
      if (head.length > 0 || (head.flags & kFlagEndStream) != 0) return nullptr;
      return empty_data_.take() ? nullptr : "too many empty DATA frames";
    case FrameType::continuation:
      return ++continuations_ <= continuations_max_ ? nullptr : "too many CONTINUATION frames";
    case FrameType::settings:
      return settings_.take() ? nullptr : "too many SETTINGS frames";
    case FrameType::ping:
      return pings_.take() ? nullptr : "too many PING frames";
    case FrameType::priority:
    case FrameType::priority_update:
      return priorities_.take() ? nullptr : "too many priority frames";
    case FrameType::window_update:
      return window_updates_.take() ? nullptr : "too many WINDOW_UPDATE frames";
    case FrameType::rst_stream:
      return admit_reset();
    case FrameType::headers:
    case FrameType::push_promise:
    case FrameType::goaway:
      return nullptr;
  }
  return unknown_.take() ? nullptr : "too many frames of unknown types";
}

}  // namespace sluice::http::h2
