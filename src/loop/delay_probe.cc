// SPDX-License-Identifier: Apache-2.0
#include "loop/delay_probe.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "loop/event_loop.h"

namespace sluice::loop {

DelayProbe::DelayProbe(EventLoop& loop, OnDelay on_delay)
    : poller_(loop.poller()), on_delay_(std::move(on_delay)) {
  for (Probe& probe : probes_) {
    probe.owner = this;
    const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) continue;
    if (poller_.add(descriptor, probe)) {
      probe.descriptor = descriptor;
      next_ = TimePoint::min();
    } else {
      ::close(descriptor);
    }
  }
}

DelayProbe::~DelayProbe() {
  for (Probe& probe : probes_) {
    if (probe.descriptor < 0) continue;
    poller_.remove(probe.descriptor, probe);
    ::close(probe.descriptor);
  }
}

// A descriptor is told its state when it is added, too: that measures nothing.
void DelayProbe::Probe::on_change(Poller::Change /*change*/) {
  if (sent) owner->told(*this);
}

void DelayProbe::send(TimePoint now) {
  const auto free = std::ranges::find_if(
      probes_, [](const Probe& probe) { return !probe.sent && probe.descriptor >= 0; });
  if (free == probes_.end()) {
    next_ = TimePoint::max();  // until one comes back
    return;
  }
  free->sent = true;
  free->sent_at = now;
  next_ = now + std::max(kPause, last_delay_ / static_cast<int>(kProbes));
  // Each write is an edge, whatever the count; the count is never read.
  if (::eventfd_write(free->descriptor, 1) == 0) return;
  free->sent = false;
  next_ = TimePoint::max();
}

void DelayProbe::told(Probe& probe) {
  const TimePoint now = Clock::now();
  probe.sent = false;
  last_delay_ = now - probe.sent_at;
  if (next_ == TimePoint::max()) next_ = now;
  on_delay_(probe.sent_at, last_delay_);
}

}  // namespace sluice::loop
