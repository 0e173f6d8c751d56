// SPDX-License-Identifier: Apache-2.0
// Poller: tells the descriptors of one loop that there is something to do. Each is registered once
// and told of changes only (epoll(7), EPOLLET), so that waiting costs no system call: whoever has
// read less than he asked for need not ask again before he is told. The loop's own thread only.
//
// All that is ready is taken from the kernel at once, so the loop knows how long each descriptor
// waits for it. Work at hand goes first, in the order in which it became ready. New work follows in
// that order, too, as long as the loop keeps up. Once the oldest has waited for longer than its
// patience, newest and oldest take turns (loop/turns.h).
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <memory>

#include "base/time.h"
#include "loop/turns.h"

namespace boost::asio {
class io_context;
}

namespace sluice::loop {

class Poller {
 public:
  // What has become of a descriptor since it was told last, or since it was added.
  struct Change {
    bool readable;  // there may be something to read: bytes, the end, an error
    bool writable;
    bool hung_up;  // the peer will send no more, or the connection is broken
    bool broken;   // nothing goes either way any more: it was reset, or both sides have ended it
  };
  class Watcher {
   public:
    Watcher() = default;
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    virtual ~Watcher() = default;
    // May remove any watcher, itself included.
    virtual void on_change(Change change) = 0;

    // The next change belongs to work at hand: the state of a new watcher.
    static constexpr Duration kAtHand{-1};
    // The next change is new work, which newer work may overtake after it has waited for
    // `patience`; kAtHand: it is not. Holds until it is set again; a change that waits already
    // keeps its place.
    void set_patience(Duration patience) { patience_ = patience; }

   private:
    friend class Poller;
    Duration patience_ = kAtHand;
    TimePoint ready_since_;
    Watcher* older_ = nullptr;
    Watcher* newer_ = nullptr;
    std::uint32_t events_ = 0;  // to be told; 0: in no queue
    bool is_new_work_ = false;  // the queue
  };

  explicit Poller(boost::asio::io_context& io);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // `watcher` is told of `descriptor` from now on, of its present state first. False: the kernel
  // has no memory for one more.
  [[nodiscard]] bool add(int descriptor, Watcher& watcher);
  // It is told its state again, after the other work of the loop.
  void tell_again(int descriptor, Watcher& watcher);
  // Before the descriptor is closed. The watcher is told nothing any more.
  void remove(int descriptor, Watcher& watcher);

  // How long the watcher that is being told has waited, at `now`; 0 outside of such a call.
  [[nodiscard]] Duration waited(TimePoint now) const {
    return told_since_ == TimePoint::max() ? Duration::zero() : now - told_since_;
  }

 private:
  struct Alarm;
  class Queue {
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

  void wait();
  void take_turn();
  void collect();
  void enqueue(Watcher& watcher, std::uint32_t events, TimePoint now);
  [[nodiscard]] Queue& queue_of(const Watcher& watcher) {
    return watcher.is_new_work_ ? new_work_ : at_hand_;
  }
  [[nodiscard]] Turns::End next_end(TimePoint now) const;
  void tell(Watcher& watcher);

  int epoll_;
  std::unique_ptr<Alarm> alarm_;
  std::array<epoll_event, 64> events_{};
  Queue at_hand_;
  Queue new_work_;
  Turns turns_;  // of new work
  TimePoint told_since_ = TimePoint::max();
};

}  // namespace sluice::loop
