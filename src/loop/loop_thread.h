// SPDX-License-Identifier: Apache-2.0
// LoopThread: a thread with an event loop, for the calls of threads that may block.
#pragma once

#include <future>
#include <thread>
#include <type_traits>
#include <utility>

#include "loop/core.h"
#include "loop/event_loop.h"
#include "loop/task.h"

namespace sluice::loop {

class LoopThread {
 public:
  LoopThread() : thread_([this] { loop_.run(); }) {}
  // Requires: everything on the loop is gone.
  ~LoopThread() {
    loop_.post([this] { loop_.stop(); });
    thread_.join();
  }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  [[nodiscard]] const Core& core() const { return core_; }
  [[nodiscard]] EventLoop& loop() { return loop_; }

  // The next functions block. Requires: another thread than this one.
  // Runs work() on the loop and returns its result.
  template <class Work>
  auto run(Work work) {
    std::packaged_task<std::invoke_result_t<Work>()> task(std::move(work));
    auto result = task.get_future();
    loop_.post([task = std::move(task)]() mutable { task(); });
    return result.get();
  }
  // Calls make() on the loop and awaits the Task that it returns. Requires: the Task ends by
  // itself, after a time with a bound.
  template <class Make>
  auto await(Make make) {
    using Value = typename ValueOf<std::invoke_result_t<Make>>::type;
    std::promise<Value> promise;
    auto result = promise.get_future();
    loop_.post([this, &make, promise = std::move(promise)]() mutable {
      loop_.spawn(fulfil(make(), std::move(promise)));
    });
    return result.get();
  }

 private:
  template <class T>
  struct ValueOf;
  template <class T>
  struct ValueOf<Task<T>> {
    using type = T;
  };
  template <class Value>
  static Task<void> fulfil(Task<Value> task, std::promise<Value> promise) {
    if constexpr (std::is_void_v<Value>) {
      co_await std::move(task);
      promise.set_value();
    } else {
      promise.set_value(co_await std::move(task));
    }
  }

  EventLoop loop_;
  const Core core_{loop_, 0, 1};
  std::thread thread_;
};

}  // namespace sluice::loop
