// SPDX-License-Identifier: Apache-2.0
// CopyTime: how long the first copy of a request that somebody waits for has, before the next copy
// goes to another endpoint. It follows the time that etcd needs: on a slow line, a copy that ends
// before its answer comes only adds load. Core-bound.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace sluice::store {

// The bounds of a first copy, and how much longer each further copy may take. An endpoint that
// hangs costs the first time, and an election of etcd few copies.
inline constexpr Duration kFirstCopyMin = std::chrono::milliseconds(300);
inline constexpr Duration kFirstCopyMax = std::chrono::seconds(2);
inline constexpr Duration kCopyGrowth = std::chrono::milliseconds(100);
// Without answers, a first copy grows to this: etcd may be slow, or away.
inline constexpr Duration kUnansweredCopyMax = std::chrono::seconds(1);

class CopyTime {
 public:
  [[nodiscard]] Duration first() const { return first_; }
  // Shorter answers shorten it slowly: those of a slow line differ.
  void note_answer(Duration took) {
    first_ = std::clamp(std::max(took * 2, first_ - first_ / 8), kFirstCopyMin, kFirstCopyMax);
  }
  // A copy had no answer in time.
  void note_silence() {
    first_ = std::max(first_, std::min(first_ + kCopyGrowth, kUnansweredCopyMax));
  }

 private:
  Duration first_ = kFirstCopyMin;
};

}  // namespace sluice::store
