// SPDX-License-Identifier: Apache-2.0
// Shedder: whether one HTTPServer on one core refuses what unknown users ask, because the core
// cannot keep up. Reads no clock; core-bound.
//
// The signal is the delay of the event loop (loop/delay_probe.h): how long what the loop turns to
// now has waited. Above `target` for kInterval the core is overloaded, as CoDel has it (RFC 8289
// section 3): a burst is worked off, a queue that stands is not. From then on each measurement
// decides: refuse while the delay is above the target, serve while it is below. As the delay is
// that of the queue's head, and refusing shortens the queue at its head, this keeps the queue at
// the target and the core busy with as much as it can serve.
//
// Refusing is not free: a core that more connections ask at once than it can refuse within the
// target stays above it. Then it is overwhelmed, and the refused are to lose their connections,
// until as many are left as it can serve.
#pragma once

#include <cstdint>
#include <utility>

#include "base/time.h"

namespace sluice::server {

class Shedder {
 public:
  // How long the delay must be above the target first.
  static constexpr Duration kInterval = std::chrono::milliseconds(100);
  // How long after the last delay above the target the core counts as overloaded, and a measurement
  // counts.
  static constexpr Duration kMemory = std::chrono::seconds(1);
  // Above the target for so long, or twice the target: overwhelmed.
  static constexpr Duration kPatience = std::chrono::seconds(1);
  // While unknown users are refused, one in so many is served all the same: a crowd that is too
  // large to be refused in time is not shut out for good.
  static constexpr unsigned kServedOneIn = 32;

  // What became ready at `sent` has waited for `delay`. `target` 0: overloaded whatever the delay.
  void note(TimePoint sent, Duration delay, Duration target) {
    const TimePoint now = sent + delay;
    const TimePoint before = std::exchange(noted_at_, now);
    delay_ = delay;
    above_ = delay >= target;
    if (!above_) {
      above_since_ = TimePoint::max();
      return;
    }
    if (above_since_ == TimePoint::max() || sent - before >= kMemory) above_since_ = sent;
    // A single stall of the whole process is not an overload: what was sent before it is told
    // after it, all at once.
    if (sent - above_since_ >= kInterval || overloaded(now, target)) overloaded_at_ = now;
  }

  [[nodiscard]] bool overloaded(TimePoint now, Duration target) const {
    if (target == Duration::zero()) return true;
    return overloaded_at_ != TimePoint::min() && now - overloaded_at_ < kMemory;
  }
  // Whether who is refused at `now` is to lose his connection, too.
  [[nodiscard]] bool overwhelmed(TimePoint now, Duration target) const {
    if (target == Duration::zero() || !above_ || !overloaded(now, target)) return false;
    return delay_ >= 2 * target || noted_at_ - above_since_ >= kPatience + delay_;
  }
  // Of the last measurement.
  [[nodiscard]] Duration delay() const { return delay_; }

  // Whether what an unknown user asks at `now` is refused.
  [[nodiscard]] bool sheds(TimePoint now, Duration target) {
    if (target == Duration::zero()) return true;
    if (!above_ || !overloaded(now, target) || now - noted_at_ >= kMemory) return false;
    return ++asked_ % kServedOneIn != 0;
  }

 private:
  TimePoint noted_at_ = TimePoint::min();
  TimePoint above_since_ = TimePoint::max();
  TimePoint overloaded_at_ = TimePoint::min();
  Duration delay_{};
  bool above_ = false;
  std::uint32_t asked_ = 0;
};

}  // namespace sluice::server
