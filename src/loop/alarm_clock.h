// SPDX-License-Identifier: Apache-2.0
// AlarmClock: calls a function at a time, from its loop's poller. Core-bound.
#pragma once

#include <functional>
#include <utility>

#include "base/descriptor.h"
#include "base/time.h"
#include "loop/poller.h"

namespace sluice::loop {

class AlarmClock final : public Poller::Watcher {
 public:
  // Throws std::system_error if the process is out of descriptors. Requires: `poller` outlives
  // this.
  AlarmClock(Poller& poller, std::function<void()> ring);
  ~AlarmClock() override;

  // Calls at or after `when`, once; the last call of this counts.
  void set(TimePoint when);

 private:
  void on_change(Poller::Readiness /*readiness*/) override { ring_(); }

  Poller& poller_;
  const Descriptor descriptor_;
  const std::function<void()> ring_;
};

}  // namespace sluice::loop
