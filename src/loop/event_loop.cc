// SPDX-License-Identifier: Apache-2.0
#include "loop/event_loop.h"

#include <atomic>
#include <list>
#include <thread>

#include "base/assert.h"
#include "base/memory_budget.h"
#include "loop/alarm_clock.h"
#include "loop/frames.h"
#include "loop/mailbox.h"
#include "loop/poller.h"
#include "loop/suspended.h"

namespace sluice::loop {

struct EventLoop::State {
  void arm();
  void fire();

  PagePool pages;  // it and the next are destroyed last
  MemoryAccount memory;
  Poller poller;
  Mailbox mailbox{poller};
  bool stopped = false;
  AlarmClock alarm{poller, [this] { fire(); }};
  TimePoint alarm_at = TimePoint::max();
  Timers timers;
  std::list<Task<void>> spawned;
  Link ready;  // coroutines to be resumed
  bool ready_posted = false;
  std::atomic<std::thread::id> runner{};  // empty: no thread runs the loop
};

namespace {

// Drives a spawned task and removes it from its owner's list when it is done.
struct Root {
  struct promise_type {
    Root get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

}  // namespace

EventLoop::EventLoop() : state_(std::make_unique<State>()) {}

EventLoop::~EventLoop() {
  const auto drop_tasks = [this] {
    while (!state_->spawned.empty()) {
      auto doomed = std::move(state_->spawned.front());
      state_->spawned.pop_front();
    }
  };
  // Posted work may own timers and streams, and may have spawned tasks.
  drop_tasks();
  state_->mailbox.drop();
  drop_tasks();
}

void EventLoop::run() {
  state_->runner.store(std::this_thread::get_id(), std::memory_order_relaxed);
  state_->stopped = false;
  while (true) {
    state_->mailbox.run(state_->stopped);
    if (state_->stopped) break;
    state_->poller.turn(state_->mailbox.sleep());
    state_->mailbox.wake();
  }
  state_->runner.store({}, std::memory_order_relaxed);
  frames::drain();
}

// Posted, so that a stop() before run() has an effect.
void EventLoop::stop() {
  post([this] { state_->stopped = true; });
}

void EventLoop::post(std::move_only_function<void()> work) {
  if (state_->runner.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
    state_->mailbox.post_here(std::move(work));
  } else {
    state_->mailbox.post(std::move(work));
  }
}

bool EventLoop::is_here() const {
  const std::thread::id runner = state_->runner.load(std::memory_order_relaxed);
  return runner == std::thread::id() || runner == std::this_thread::get_id();
}

// One function in the mailbox serves all coroutines that become ready until it runs.
void EventLoop::resume_soon(Suspended& coroutine) {
  SLUICE_DEBUG_ASSERT(is_here(), "an event loop is used on the thread that runs it");
  coroutine.insert_behind(*state_->ready.before);
  if (!std::exchange(state_->ready_posted, true)) post([this] { resume_ready(); });
}

// Coroutines that become ready meanwhile run after the other work of the loop.
void EventLoop::resume_ready() {
  state_->ready_posted = false;
  Link batch;
  batch.take_all(state_->ready);
  while (!batch.alone()) static_cast<Suspended*>(batch.after)->resume();
}

PagePool& EventLoop::pages() {
  SLUICE_DEBUG_ASSERT(is_here(), "an event loop is used on the thread that runs it");
  return state_->pages;
}

MemoryAccount& EventLoop::memory() {
  SLUICE_DEBUG_ASSERT(is_here(), "an event loop is used on the thread that runs it");
  return state_->memory;
}

Duration EventLoop::waited(TimePoint now) const { return state_->poller.waited(now); }

Poller& EventLoop::poller() {
  SLUICE_DEBUG_ASSERT(is_here(), "an event loop is used on the thread that runs it");
  return state_->poller;
}

namespace {

Task<void> then(Task<void> task, std::move_only_function<void()> done) {
  co_await std::move(task);
  done();
}

}  // namespace

void EventLoop::spawn(Task<void> task) {
  SLUICE_DEBUG_ASSERT(is_here(), "an event loop is used on the thread that runs it");
  auto& list = state_->spawned;
  const auto place = list.emplace(list.end());
  // The mailbox destroys the frame, since it cannot be destroyed from inside itself.
  *place = then(std::move(task), [this, place] {
    post([this, place] {
      Task<void> finished = std::move(*place);
      state_->spawned.erase(place);
      if (finished.done()) finished.take();
    });
  });
  place->start();
}

EventLoop::Sleep EventLoop::sleep_until(TimePoint when) { return Sleep(*this, when); }
EventLoop::Sleep EventLoop::sleep_for(Duration duration) { return Sleep(*this, now() + duration); }
EventLoop::Yield EventLoop::yield() { return Yield(this); }

EventLoop::Timers::iterator EventLoop::add_timer(TimePoint when, std::function<void()> fire) {
  SLUICE_DEBUG_ASSERT(is_here(), "an event loop is used on the thread that runs it");
  const auto position = state_->timers.emplace(when, std::move(fire));
  if (when < state_->alarm_at) arm();
  return position;
}

void EventLoop::remove_timer(Timers::iterator position) {
  SLUICE_DEBUG_ASSERT(is_here(), "an event loop is used on the thread that runs it");
  state_->timers.erase(position);
}

// One alarm serves all Timers. It is set to the earliest, and left alone when that one is
// cancelled.
void EventLoop::State::arm() {
  alarm_at = timers.empty() ? TimePoint::max() : timers.begin()->first;
  if (alarm_at != TimePoint::max()) alarm.set(alarm_at);
}

void EventLoop::State::fire() {
  const TimePoint now = Clock::now();
  while (!timers.empty() && timers.begin()->first <= now) {
    auto node = timers.extract(timers.begin());
    node.mapped()();
  }
  arm();
}

void EventLoop::arm() { state_->arm(); }

struct EventLoop::Timer::Slot {
  Timers::iterator position;
  bool fired = false;
};

EventLoop::Timer::Timer(EventLoop& loop, TimePoint when, std::function<void()> fire)
    : loop_(&loop), slot_(std::make_shared<Slot>()) {
  // The callback may destroy this Timer, so it holds the slot itself.
  slot_->position = loop.add_timer(when, [slot = slot_, fire = std::move(fire)] {
    slot->fired = true;
    fire();
  });
}

EventLoop::Timer::Timer(Timer&& other) noexcept
    : loop_(std::exchange(other.loop_, nullptr)), slot_(std::move(other.slot_)) {}

EventLoop::Timer& EventLoop::Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    reset();
    loop_ = std::exchange(other.loop_, nullptr);
    slot_ = std::move(other.slot_);
  }
  return *this;
}

bool EventLoop::Timer::pending() const { return slot_ && !slot_->fired; }

void EventLoop::Timer::reset() {
  if (pending()) loop_->remove_timer(slot_->position);
  loop_ = nullptr;
  slot_.reset();
}

EventLoop::Yield::~Yield() {
  if (pending_) *pending_ = {};
}

void EventLoop::Yield::await_suspend(std::coroutine_handle<> handle) {
  pending_ = std::make_shared<std::coroutine_handle<>>(handle);
  loop_->post([pending = pending_] {
    if (*pending) std::exchange(*pending, {}).resume();
  });
}

}  // namespace sluice::loop
