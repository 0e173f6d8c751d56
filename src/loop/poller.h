// SPDX-License-Identifier: Apache-2.0
// Poller: reports changes of one loop's descriptors to their watchers. A descriptor is registered
// once and reports changes only (epoll(7), EPOLLET), so that a wait costs no system call: after a
// short read, the reader need not read again before the next report. The loop's thread only.
//
// All ready descriptors are taken from the kernel at once, so the loop knows how long each has
// waited for it. Work in progress goes first, in the order in which it became ready. New work
// follows, in that order as long as the loop keeps up. Once the oldest has waited for longer than
// its patience, newest and oldest are served alternately (loop/turns.h).
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <memory>

#include "base/descriptor.h"
#include "base/time.h"
#include "loop/turns.h"

namespace sluice::loop {

class Poller {
 public:
  // The changes of a descriptor since the last report, or since add().
  struct Readiness {
    bool readable;  // there may be something to read: bytes, the end, an error
    bool writable;
    bool hung_up;  // the peer will send no more, or the connection is broken
    bool broken;   // neither direction works any more: reset, or both sides have ended
  };
  // The owner of a descriptor. Requires: remove() was called before it is destroyed.
  class Watcher {
   public:
    Watcher() = default;
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    virtual ~Watcher() = default;
    // The function may remove any watcher, itself included.
    virtual void on_change(Readiness readiness) = 0;

    // The next change belongs to work in progress: the default.
    static constexpr Duration kAtHand{-1};
    // The next change is new work, which newer work may overtake after it has waited for
    // `patience`. kAtHand: it is work in progress. The setting holds until the next call. A change
    // that waits already keeps its place.
    void set_patience(Duration patience) { patience_ = patience; }

   private:
    friend class Poller;
    Duration patience_ = kAtHand;
    TimePoint ready_since_;
    Watcher* older_ = nullptr;
    Watcher* newer_ = nullptr;
    std::uint32_t events_ = 0;  // to be reported; 0: in no queue
    bool is_new_work_ = false;  // selects the queue
  };

  // Throws std::system_error if the process is out of descriptors.
  Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Reports changes of `descriptor` to `watcher` from now on, beginning with its current state.
  // Returns false if the kernel is out of memory.
  [[nodiscard]] bool add(int descriptor, Watcher& watcher);
  // Reports the state of the descriptor again, after the other work of the loop.
  void tell_again(int descriptor, Watcher& watcher);
  // Ends the reports to `watcher`. Requires: the descriptor is still open.
  void remove(int descriptor, Watcher& watcher);

  // Tells watchers of their changes. If there is none, waits for one, unless the loop has other
  // work: then `may_sleep` is false.
  void turn(bool may_sleep);

  // A place for the thread that looks up names for net/.
  [[nodiscard]] std::shared_ptr<void>& lookups() { return lookups_; }

  // Returns how long the watcher whose on_change() runs had waited at `now`; 0 outside of such a
  // call.
  [[nodiscard]] Duration waited(TimePoint now) const {
    return told_since_ == TimePoint::max() ? Duration::zero() : now - told_since_;
  }

 private:
  class WatcherQueue {
   public:
    [[nodiscard]] bool empty() const { return oldest_ == nullptr; }
    [[nodiscard]] Watcher& oldest() const { return *oldest_; }
    [[nodiscard]] Watcher& newest() const { return *newest_; }
    void push(Watcher& watcher);
    void remove(Watcher& watcher);

   private:
    Watcher* oldest_ = nullptr;
    Watcher* newest_ = nullptr;
  };

  // Returns when it took the last batch; TimePoint() if nothing was ready.
  TimePoint collect(bool may_sleep);
  void serve_new_work(TimePoint now);
  void enqueue(Watcher& watcher, std::uint32_t events, TimePoint now);
  [[nodiscard]] WatcherQueue& queue_of(const Watcher& watcher) {
    return watcher.is_new_work_ ? new_work_ : at_hand_;
  }
  [[nodiscard]] Turns::End next_end(TimePoint now) const;
  void tell(Watcher& watcher);

  const Descriptor epoll_;
  std::shared_ptr<void> lookups_;
  std::array<epoll_event, 64> events_{};
  WatcherQueue at_hand_;
  WatcherQueue new_work_;
  Turns turns_;  // of new work
  TimePoint told_since_ = TimePoint::max();
};

}  // namespace sluice::loop
