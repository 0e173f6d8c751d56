// SPDX-License-Identifier: Apache-2.0
// Waits for a client that has not been asked for anything yet, and drops the wait when it ends.
#pragma once

#include <coroutine>
#include <utility>

#include "loop/task.h"
#include "net/stream.h"

namespace sluice::server {

// co_await UnlessClosed(stream, wait): true when the wait is over, false when the client has ended
// its side without having sent anything, or the stream was closed here; then the wait has been
// destroyed where it stood. Both outlive it.
class UnlessClosed {
 public:
  UnlessClosed(net::Stream& stream, Task<void> wait) : stream_(stream), wait_(std::move(wait)) {}
  UnlessClosed(const UnlessClosed&) = delete;

  bool await_ready() {
    wait_.start();
    return wait_.done();
  }
  bool await_suspend(std::coroutine_handle<> awaiter) {
    wait_.on_done(awaiter);
    watch_ = watch(stream_);
    watch_.start();
    if (watch_.done()) return false;
    watch_.on_done(awaiter);
    return true;
  }
  bool await_resume() {
    watch_.reset();
    const bool over = wait_.done();
    if (over) {
      wait_.take();
    } else {
      wait_.reset();
    }
    return over;
  }

 private:
  static Task<void> watch(net::Stream& stream) { (void)co_await stream.closed(); }

  net::Stream& stream_;
  Task<void> wait_;
  Task<void> watch_;
};

}  // namespace sluice::server
