// SPDX-License-Identifier: Apache-2.0
// An event loop, run by one thread (that of a worker, or one that tests and control own). Requires:
// all functions but post() and stop() are called on the loop's thread.
#pragma once

#include <coroutine>
#include <functional>
#include <map>
#include <memory>

#include "base/page_pool.h"
#include "base/time.h"
#include "loop/task.h"

namespace sluice {
class MemoryAccount;
}

namespace sluice::loop {

class Poller;
class Suspended;
class Waiter;

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until stop(). May be called again afterwards.
  void run();
  // Ends run() after the current work. Any thread.
  void stop();
  // Puts `work` into the mailbox. The functions that one thread posts run in the order of posting,
  // on the loop's thread. Any thread.
  void post(std::move_only_function<void()> work);

  // Starts `task` now and owns it until it is done. An exception ends the process: tasks handle
  // their own errors. Destroying the loop destroys unfinished tasks.
  void spawn(Task<void> task);

  // co_await loop.sleep_until(t): resumes at or after `t`. Destroying the awaiter cancels it.
  class Sleep;
  [[nodiscard]] Sleep sleep_until(TimePoint when);
  [[nodiscard]] Sleep sleep_for(Duration duration);

  // co_await loop.yield(): resumes after the other work that is ready, I/O included.
  class Yield;
  [[nodiscard]] Yield yield();

  // Calls a function at or after a time. Destroying or reset()ting the Timer cancels it.
  class Timer;

  // Reads the clock: a cached reading would be wrong under load.
  [[nodiscard]] static TimePoint now() { return Clock::now(); }

  // Returns how long the descriptor that the loop works on had waited at `now`; 0 if the loop works
  // on something else.
  [[nodiscard]] Duration waited(TimePoint now) const;

  // True on the thread that runs the loop; true on any thread while none does. For assertions that
  // an object is used on its core (loop/on_core.h).
  [[nodiscard]] bool is_here() const;

  // For the objects of this loop's connections. Requires: the loop's thread, and the loop exists.
  [[nodiscard]] PagePool& pages();
  // The memory that this core holds for peers. Requires: as of pages().
  [[nodiscard]] MemoryAccount& memory();

  // For net/ only.
  [[nodiscard]] Poller& poller();

 private:
  struct State;
  friend class Timer;
  friend class Waiter;
  using Timers = std::multimap<TimePoint, std::function<void()>>;
  Timers::iterator add_timer(TimePoint when, std::function<void()> fire);
  void remove_timer(Timers::iterator position);
  void arm();
  void resume_soon(Suspended& coroutine);
  void resume_ready();
  std::unique_ptr<State> state_;
};

class EventLoop::Timer {
 public:
  // Calls nothing; not pending.
  Timer() = default;
  // Calls `fire` once, on the loop's thread. `fire` may destroy this. Requires: `loop` outlives
  // this.
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
  // Null: does not suspend, as on a thread without a loop.
  explicit Yield(EventLoop* loop) : loop_(loop) {}
  ~Yield();
  Yield(const Yield&) = delete;
  bool await_ready() const { return loop_ == nullptr; }
  void await_suspend(std::coroutine_handle<> handle);
  void await_resume() const {}

 private:
  EventLoop* loop_;
  std::shared_ptr<std::coroutine_handle<>> pending_;  // emptied when the awaiter is destroyed
};

}  // namespace sluice::loop
