// SPDX-License-Identifier: Apache-2.0
// One event loop, run by one thread (a worker's core, or a thread that tests and control own).
// Everything but post() and stop() is called on the loop's own thread.
#pragma once

#include <coroutine>
#include <functional>
#include <map>
#include <memory>

#include "base/page_pool.h"
#include "base/time.h"
#include "loop/task.h"

namespace boost::asio {
class io_context;
}
namespace sluice {
class MemoryAccount;
}

namespace sluice::loop {

class Poller;

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until stop(). May be called again afterwards.
  void run();
  // Any thread. run() returns after the work at hand.
  void stop();
  // Any thread: the mailbox. Functions run in the order of posting, on the loop's thread.
  void post(std::move_only_function<void()> work);

  // Starts `task` now and owns it until it is done. What it throws ends the process: tasks handle
  // their own errors. Tasks not done when the loop is destroyed are destroyed with it.
  void spawn(Task<void> task);

  // co_await loop.sleep_until(t): resumes at or after `t`. Destroying the awaiter cancels it.
  class Sleep;
  [[nodiscard]] Sleep sleep_until(TimePoint when);
  [[nodiscard]] Sleep sleep_for(Duration duration);

  // co_await loop.yield(): resumes after the other work that is ready, I/O included.
  class Yield;
  [[nodiscard]] Yield yield();

  // A callback at a time. Destroying or reset()ting the Timer cancels it.
  class Timer;

  // A cached clock reading would be wrong under load, so this reads the clock.
  [[nodiscard]] static TimePoint now() { return Clock::now(); }

  // How long the loop has taken, at `now`, to turn to the descriptor that it works on; 0 if it
  // works on something else.
  [[nodiscard]] Duration waited(TimePoint now) const;

  // For what belongs to this loop's connections. On the loop's own thread, and while it is there.
  [[nodiscard]] PagePool& pages();
  // What is held on this core for strangers, likewise.
  [[nodiscard]] MemoryAccount& memory();

  // For net/ only, both: what its connections wait with, and for all else that Asio does.
  [[nodiscard]] Poller& poller();
  [[nodiscard]] boost::asio::io_context& io();

 private:
  struct State;
  friend class Timer;
  using Timers = std::multimap<TimePoint, std::function<void()>>;
  Timers::iterator add_timer(TimePoint when, std::function<void()> fire);
  void remove_timer(Timers::iterator position);
  void arm();
  std::unique_ptr<State> state_;
};

class EventLoop::Timer {
 public:
  Timer() = default;
  Timer(EventLoop& loop, TimePoint when, std::function<void()> fire);
  Timer(Timer&& other) noexcept;
  Timer& operator=(Timer&& other) noexcept;
  ~Timer() { reset(); }
  void reset();
  // False once the callback has begun.
  [[nodiscard]] bool pending() const;

 private:
  struct Slot;
  EventLoop* loop_ = nullptr;
  std::shared_ptr<Slot> slot_;
};

class EventLoop::Sleep {
 public:
  Sleep(EventLoop& loop, TimePoint when) : loop_(loop), when_(when) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    timer_ = Timer(loop_, when_, [handle] { handle.resume(); });
  }
  void await_resume() const {}

 private:
  EventLoop& loop_;
  TimePoint when_;
  Timer timer_;
};

class EventLoop::Yield {
 public:
  explicit Yield(EventLoop& loop) : loop_(loop) {}
  ~Yield();
  Yield(const Yield&) = delete;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle);
  void await_resume() const {}

 private:
  EventLoop& loop_;
  std::shared_ptr<std::coroutine_handle<>> pending_;  // emptied when the awaiter is destroyed
};

}  // namespace sluice::loop
