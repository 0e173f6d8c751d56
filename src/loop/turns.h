// SPDX-License-Identifier: Apache-2.0
// Turns: decides whether the newest or the oldest of the late work goes next. The newest can still
// be served in time. The oldest only wait for their refusal, which is cheap. They get half of the
// time that the newest take, a third of the total. No I/O, no clock.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace sluice::loop {

class Turns {
 public:
  enum class End { newest, oldest };

  // Returns the end to serve next.
  [[nodiscard]] End next() const { return owed_ > Duration::zero() ? End::oldest : End::newest; }
  // Records that work from the end `done` has taken the time `took`.
  void note(End done, Duration took) {
    owed_ += done == End::newest ? took / 2 : -took;
    owed_ = std::clamp(owed_, -kOwedMax, kOwedMax);
  }
  // Clears the debt, once no work waits.
  void reset() { owed_ = {}; }

 private:
  // Bounds the debt, so that one long piece of work does not delay the newest for as long.
  static constexpr Duration kOwedMax = std::chrono::milliseconds(10);
  Duration owed_{};  // owed to the oldest
};

}  // namespace sluice::loop
