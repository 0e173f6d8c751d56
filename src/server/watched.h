// SPDX-License-Identifier: Apache-2.0
// Runs work for a client, and drops it when the client goes away. A client that has only ended its
// side is still there: it is asked, and the work goes on.
#pragma once

#include <coroutine>
#include <utility>

#include "loop/task.h"
#include "net/stream.h"
#include "server/early_output.h"

namespace sluice::server {

// co_await Watched(stream, early, question, work): true when the work is done, false when the
// client went first; then the work has been destroyed where it stood. Work that does not suspend
// costs nothing extra.
class Watched {
 public:
  // `question`: for a client that has ended its side.
  Watched(net::Stream& stream, EarlyOutput& early, EarlyOutput::Question question, Task<void> work)
      : stream_(stream), early_(early), question_(question), work_(std::move(work)) {}
  Watched(const Watched&) = delete;

  // The work begins; co_await does that otherwise.
  void start() {
    if (!std::exchange(started_, true)) work_.start();
  }
  [[nodiscard]] bool done() const { return work_.done(); }

  bool await_ready() {
    start();
    return work_.done();
  }
  bool await_suspend(std::coroutine_handle<> awaiter) {
    work_.on_done(awaiter);
    watch_ = watch(stream_, early_, question_, gone_);
    watch_.start();
    if (watch_.done()) return !gone_;
    watch_.on_done(awaiter);
    return true;
  }
  bool await_resume() {
    watch_.reset();
    if (!work_.done()) {
      work_.reset();
      return false;
    }
    work_.take();
    return true;
  }

 private:
  static Task<void> watch(net::Stream& stream, EarlyOutput& early, EarlyOutput::Question question,
                          bool& gone) {
    const bool ended = co_await stream.closed();
    if (!ended) co_return;
    early.ask(question);
    gone = co_await stream.broken();
  }

  net::Stream& stream_;
  EarlyOutput& early_;
  EarlyOutput::Question question_;
  Task<void> work_;
  Task<void> watch_;
  bool gone_ = false;
  bool started_ = false;
};

}  // namespace sluice::server
