// SPDX-License-Identifier: Apache-2.0
// Mailbox: the functions that a loop is to run. Those of its own thread go in without a lock; those
// of other threads wake the loop if it sleeps. The functions of one thread run in the order of
// posting.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <vector>

#include "base/descriptor.h"
#include "base/mutex.h"
#include "loop/poller.h"

namespace sluice::loop {

class Mailbox {
 public:
  using Work = std::move_only_function<void()>;

  // Throws std::system_error if the process is out of descriptors. Requires: `poller` is the loop's
  // and outlives this.
  explicit Mailbox(Poller& poller);
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // The loop's thread.
  void post_here(Work work) { queue_.push_back(std::move(work)); }
  // Any thread.
  void post(Work work);

  // The next functions: the loop's thread.
  // Runs the functions that are posted by now, until `stopped`. The next call runs the rest.
  void run(const bool& stopped);
  // Destroys what is posted, also by that.
  void drop();
  // Returns false if there is something to run. Otherwise every later post() wakes the poller,
  // until wake().
  [[nodiscard]] bool sleep();
  void wake() { asleep_.store(false, std::memory_order_relaxed); }

 private:
  // Only the sleep of the poller ends by it, so a change of it has no other effect.
  struct Bell final : Poller::Watcher {
    explicit Bell(Poller& its_poller);
    ~Bell() override;
    void ring() const;
    void on_change(Poller::Readiness /*readiness*/) override {}
    Poller& poller;
    const Descriptor descriptor;
  };
  void take();

  std::deque<Work> queue_;
  // Invariant: a thread posts, then looks at `asleep_`; the loop sets `asleep_`, then looks at
  // `posted_`. So one of them sees the other.
  std::atomic<bool> asleep_{false};
  std::atomic<bool> posted_{false};  // `others_` holds something
  Mutex mutex_;
  std::vector<Work> others_ SLUICE_GUARDED_BY(mutex_);
  Bell bell_;
};

}  // namespace sluice::loop
