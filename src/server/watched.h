// SPDX-License-Identifier: Apache-2.0
// Work for a client, which is dropped when the client goes away. Core-bound.
#pragma once

#include <utility>

#include "loop/join.h"
#include "net/stream.h"
#include "server/early_output.h"

namespace sluice::server {

// co_await watched(stream, early, question, work): true when the work is done, false when the
// client went first; then the work has been destroyed where it stood. A client that has only ended
// its side is still there: it is asked `question`, and the work goes on. `stream` and `early`
// outlive it.
[[nodiscard]] inline auto watched(net::Stream& stream, EarlyOutput& early,
                                  EarlyOutput::Question question, Task<void> work) {
  struct Watch {
    net::Stream& stream;
    EarlyOutput& early;
    EarlyOutput::Question question;
    static Task<bool> until_gone(Watch watch) {
      const bool ended = co_await watch.stream.closed();
      if (!ended) co_return false;
      watch.early.ask(watch.question);
      co_return co_await watch.stream.broken();
    }
    Task<bool> operator()() const { return until_gone(*this); }
  };
  return loop::Unless(std::move(work), Watch(stream, early, question));
}

// co_await unless_closed(stream, wait), for a client that has not been asked for anything yet: true
// when the wait is over, false when the client has ended its side without having sent anything, or
// the stream was closed here; then the wait has been destroyed where it stood. `stream` outlives
// it.
[[nodiscard]] inline auto unless_closed(net::Stream& stream, Task<void> wait) {
  struct Watch {
    net::Stream& stream;
    static Task<bool> until_closed(Watch watch) {
      (void)co_await watch.stream.closed();
      co_return true;
    }
    Task<bool> operator()() const { return until_closed(*this); }
  };
  return loop::Unless(std::move(wait), Watch(stream));
}

}  // namespace sluice::server
