// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "loop/event_loop.h"

namespace sluice::loop {

template <class T>
T run_to_completion(EventLoop& loop, Task<T> task) {
  struct Stop {
    static Task<void> after(EventLoop& loop, Task<T>& task, std::optional<T>& value) {
      value.emplace(co_await std::move(task));
      loop.stop();
    }
  };
  std::optional<T> value;
  Task<void> root = Stop::after(loop, task, value);
  root.start();
  if (!root.done()) loop.run();
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
