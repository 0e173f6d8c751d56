// SPDX-License-Identifier: Apache-2.0
// Runs a coroutine from a thread that has no loop.
#pragma once

#include <optional>
#include <utility>

#include "loop/event_loop.h"

namespace sluice::loop {

// Runs `loop` on the calling thread until `task` is done, and returns its result.
// Requires: the loop does not run.
template <class T>
T run_to_completion(EventLoop& loop, Task<T> task) {
  struct Stop {
    // An unneeded stop would end the loop's next run.
    static Task<void> after(EventLoop& loop, Task<T>& task, std::optional<T>& value,
                            const bool& running) {
      value.emplace(co_await std::move(task));
      if (running) loop.stop();
    }
  };
  std::optional<T> value;
  bool running = false;
  Task<void> root = Stop::after(loop, task, value, running);
  root.start();
  running = !root.done();
  if (running) loop.run();
  root.take();
  return std::move(*value);
}

template <>
inline void run_to_completion<void>(EventLoop& loop, Task<void> task) {
  struct Stop {
    static Task<bool> after(Task<void>& task) {
      co_await std::move(task);
      co_return true;
    }
  };
  (void)run_to_completion<bool>(loop, Stop::after(task));
}

}  // namespace sluice::loop
