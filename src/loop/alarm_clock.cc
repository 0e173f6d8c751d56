// SPDX-License-Identifier: Apache-2.0
#include "loop/alarm_clock.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sluice::loop {
namespace {

// The kernel's clock is that of Clock. Zero would switch the alarm off.
itimerspec at(TimePoint when) {
  constexpr Duration kSecond = std::chrono::seconds(1);
  const Duration since = std::max<Duration>(when.time_since_epoch(), Duration(1));
  itimerspec alarm{};
  alarm.it_value.tv_sec = since / kSecond;
  alarm.it_value.tv_nsec = (since % kSecond).count();
  return alarm;
}

}  // namespace

AlarmClock::AlarmClock(Poller& poller, std::function<void()> ring)
    : poller_(poller),
      descriptor_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      ring_(std::move(ring)) {
  if (!descriptor_.is_open() || !poller_.add(descriptor_.get(), *this))
    throw std::system_error(errno, std::generic_category(), "timerfd_create");
}

AlarmClock::~AlarmClock() { poller_.remove(descriptor_.get(), *this); }

// The expirations are never read: the poller reports each.
void AlarmClock::set(TimePoint when) {
  const itimerspec alarm = at(when);
  (void)::timerfd_settime(descriptor_.get(), TFD_TIMER_ABSTIME, &alarm, nullptr);
}

}  // namespace sluice::loop
