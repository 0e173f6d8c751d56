// SPDX-License-Identifier: Apache-2.0
// Waits for Tasks that were started. Core-bound.
#pragma once

#include <coroutine>
#include <utility>

#include "loop/task.h"

namespace sluice::loop {

// co_await Join(task): resumes when a started Task is done; does not suspend if it is done or
// empty. Requires: one coroutine at a time waits for a Task, and the Task outlives the wait.
template <class T>
class Join {
 public:
  explicit Join(Task<T>& task) : task_(task) {}
  Join(const Join&) = delete;
  Join& operator=(const Join&) = delete;
  ~Join() {
    if (task_.valid()) task_.on_done(std::noop_coroutine());
  }
  [[nodiscard]] bool await_ready() const { return !task_.valid() || task_.done(); }
  void await_suspend(std::coroutine_handle<> awaiter) { task_.on_done(awaiter); }
  void await_resume() const {}

 private:
  Task<T>& task_;
};

// co_await Unless(work, watch): true when `work` is done; false if the Task<bool> that `watch`
// makes is done first, and then the work was destroyed. The watch begins once the work has
// suspended, so that work that does not suspend has no extra cost. If the watch is done at once
// with false, the work continues without it. Requires: everything that they refer to outlives this.
template <class Watch>
class Unless {
 public:
  Unless(Task<void> work, Watch watch) : work_(std::move(work)), make_watch_(std::move(watch)) {}
  Unless(const Unless&) = delete;
  Unless& operator=(const Unless&) = delete;

  // Begins the work before the co_await.
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
    watch_ = make_watch_();
    watch_.start();
    if (watch_.done()) return !watch_.take();
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
  Task<void> work_;
  Watch make_watch_;
  Task<bool> watch_;
  bool started_ = false;
};

// co_await Unwatched(work): like Unless, without a watch: always true. For work that the owner of
// the awaiting Task destroys if it must not continue.
class [[nodiscard]] Unwatched {
 public:
  explicit Unwatched(Task<void> work) : work_(std::move(work)) {}
  bool await_ready() {
    work_.start();
    return work_.done();
  }
  void await_suspend(std::coroutine_handle<> awaiter) { work_.on_done(awaiter); }
  bool await_resume() {
    work_.take();
    return true;
  }

 private:
  Task<void> work_;
};

}  // namespace sluice::loop
