// SPDX-License-Identifier: Apache-2.0
#include "loop/waiter.h"

namespace sluice::loop {

void Waiter::resume_soon() {
  withdraw();
  if (awaiter_) loop_.resume_soon(*this);
}

void Waiter::arm(TimePoint deadline, OnDeadline on_deadline) {
  alarm_ = loop_.add_timer(deadline, [this, on_deadline] {
    armed_ = false;
    on_deadline(*this);
  });
  armed_ = true;
}

void Waiter::take_off_alarm() {
  loop_.remove_timer(alarm_);
  armed_ = false;
}

}  // namespace sluice::loop
