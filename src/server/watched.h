// SPDX-License-Identifier: Apache-2.0
// Work for a client that is dropped when the client leaves. Core-bound.
#pragma once

#include <utility>

#include "loop/join.h"
#include "net/stream.h"
#include "server/early_output.h"

namespace sluice::server {

// co_await watched(stream, early, question, work): true when the work is done; false when the
// client leaves first, and then the work was destroyed. A client that has only ended its side is
// asked `question`, and the work continues. Requires: `stream` and `early` outlive it.
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
// when the wait is over; false if the client has ended its side without sending anything, or the
// stream was closed here, and then the wait was destroyed. Requires: `stream` outlives it.
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
