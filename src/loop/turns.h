// SPDX-License-Identifier: Apache-2.0
// Turns: whether the newest or the oldest goes next of work that has waited for too long. The
// newest can still be done in time; the oldest wait to be told that they were too late, which is
// cheap beside it. They get half of the time that the newest take: a third of all. No I/O, no
// clock.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace sluice::loop {

class Turns {
 public:
  enum class End { newest, oldest };

  [[nodiscard]] End next() const { return owed_ > Duration::zero() ? End::oldest : End::newest; }
  void note(End done, Duration took) {
    owed_ += done == End::newest ? took / 2 : -took;
    owed_ = std::clamp(owed_, -kOwedMax, kOwedMax);
  }
  // Nothing waits any more.
  void reset() { owed_ = {}; }

 private:
  // One that takes for long does not keep the others away for as long.
  static constexpr Duration kOwedMax = std::chrono::milliseconds(10);
  Duration owed_{};  // to the oldest
};

}  // namespace sluice::loop
