// SPDX-License-Identifier: Apache-2.0
// Poller: tells the descriptors of one loop that there is something to do. Each is registered once
// and told of changes only (epoll(7), EPOLLET), so that waiting costs no system call: whoever has
// read less than he asked for need not ask again before he is told. The loop's own thread only.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <memory>
#include <span>

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
    virtual ~Watcher() = default;
    // May remove any watcher, itself included.
    virtual void on_change(Change change) = 0;
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

 private:
  struct Alarm;
  void wait();
  void dispatch();

  int epoll_;
  std::unique_ptr<Alarm> alarm_;
  std::array<epoll_event, 64> events_{};
  std::span<epoll_event> untold_;  // of events_
};

}  // namespace sluice::loop
