// SPDX-License-Identifier: Apache-2.0
// Threads: does work that may block, so that the event loop of the API does not. The store, a
// change of an object, the log and the hash of a password may block.
#pragma once

#include <cstddef>
#include <functional>

#include "control/crew.h"
#include "loop/event_loop.h"
#include "loop/task.h"

namespace sluice::admin {

class Threads {
 public:
  // The most threads of each kind. They start on demand; further work waits.
  static constexpr std::size_t kThreads = 80;
  static constexpr std::size_t kQuickThreads = 8;
  static constexpr std::size_t kLoginThreads = 1;  // one hash at a time

  enum class WorkClass {
    any,
    quick,  // probes and what is short: it does not wait for changes and downloads
    login,  // a password whose hash is computed. Strangers bring them, and hold up nobody else
  };

  // Requires: `loop` outlives this.
  explicit Threads(loop::EventLoop& loop) : loop_(loop) {}

  // Does `work` on a thread, and resumes when it is done. On the loop's thread.
  // Requires: everything that `work` refers to lives until it is done, even if the wait is
  // destroyed. It does not throw.
  Task<void> run(WorkClass kind, std::function<void()> work);
  // Like run(), without a wait. Any thread.
  void start(std::function<void()> work) { (void)any_.run(std::move(work)); }
  // Waits until all work is done. Later work is dropped.
  // Requires: the loop no longer runs.
  void stop();

 private:
  loop::EventLoop& loop_;
  control::Crew any_{kThreads};
  control::Crew quick_{kQuickThreads};
  control::Crew login_{kLoginThreads};
};

}  // namespace sluice::admin
