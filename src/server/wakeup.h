// SPDX-License-Identifier: Apache-2.0
// Wakeup: lets one coroutine of a core wait until another part of it has something for it.
// Core-bound, one waiter at a time.
#pragma once

#include <coroutine>
#include <memory>
#include <utility>

#include "loop/event_loop.h"

namespace sluice::server {

class Wakeup {
 public:
  class Wait;

  explicit Wakeup(loop::EventLoop& loop) : loop_(loop), state_(std::make_shared<State>()) {}
  ~Wakeup() { state_->waiter = {}; }
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  // Resumes the waiter from the loop, after the work at hand; a wait to come does not suspend.
  void notify() {
    state_->due = true;
    if (!state_->waiter || std::exchange(state_->posted, true)) return;
    loop_.post([state = state_] {
      state->posted = false;
      state->resume();
    });
  }
  // The same from inside this call. The caller is not on the waiter's way, nor is what it holds.
  void notify_now() {
    state_->due = true;
    state_->resume();
  }
  // co_await: resumes once notified. Destroying the awaiter cancels it.
  [[nodiscard]] Wait wait();

 private:
  struct State {
    std::coroutine_handle<> waiter;
    bool due = false;
    bool posted = false;
    void resume() {
      if (due && waiter) std::exchange(waiter, {}).resume();
    }
  };
  loop::EventLoop& loop_;
  std::shared_ptr<State> state_;  // what is posted may outlive this
};

class Wakeup::Wait {
 public:
  explicit Wait(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~Wait() { state_->waiter = {}; }
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  [[nodiscard]] bool await_ready() const { return state_->due; }
  void await_suspend(std::coroutine_handle<> awaiter) { state_->waiter = awaiter; }
  void await_resume() { state_->due = false; }

 private:
  std::shared_ptr<State> state_;
};

inline Wakeup::Wait Wakeup::wait() { return Wait(state_); }

}  // namespace sluice::server
