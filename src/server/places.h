// SPDX-License-Identifier: Apache-2.0
// Places: the connections that an HTTPServer may have (maxConnections), counted over all cores, and
// who waits for one. Waiting costs nothing: whoever is full stops accepting, so that clients wait
// in the kernel's queue, and is woken when a place is given back, on whatever core that happens.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <list>
#include <memory>
#include <utility>

#include "loop/core.h"

namespace sluice::server {

class Places : public std::enable_shared_from_this<Places> {
 public:
  class Wait;
  class Place;

  explicit Places(unsigned core_count);
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;
  ~Places();

  // Any core. False: `max` are taken.
  [[nodiscard]] bool take(std::uint32_t max);
  // Any core: gives one back, and wakes one that waits.
  void release();
  // Of all cores. Any thread.
  [[nodiscard]] std::uint32_t taken() const { return taken_.load(std::memory_order_relaxed); }

  // On the core's own thread. Has those of the core that wait look again: maxConnections has
  // changed, or they are to leave.
  void wake_all(unsigned core);

 private:
  struct Waiter {
    std::coroutine_handle<> awaiter;  // null: resumed, or gone
    void resume() {
      if (awaiter) std::exchange(awaiter, {}).resume();
    }
  };
  using WaiterPtr = std::shared_ptr<Waiter>;
  // `waiting` is for all cores, the rest for the core's own.
  struct alignas(64) Slot {
    std::atomic<bool> waiting{false};
    loop::EventLoop* loop = nullptr;  // set before `waiting` first is
    std::list<WaiterPtr> waiters;
  };
  void wake_somebody();
  void wake_one(unsigned core);
  // Tells the other cores whether anybody waits here.
  void publish(Slot& slot);

  std::atomic<std::uint32_t> taken_{0};
  std::atomic<std::uint32_t> cores_waiting_{0};
  std::atomic<unsigned> next_{0};  // core that is looked at first: all get their turn
  const unsigned core_count_;
  std::unique_ptr<Slot[]> slots_;
};

// A place that was taken; goes back when this is destroyed.
class Places::Place {
 public:
  // `places` holds for as long as this does.
  explicit Place(std::shared_ptr<Places> places) : places_(std::move(places)) {}
  ~Place() { places_->release(); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::shared_ptr<Places> places_;
};

// co_await Wait(places, core, max): resumes when a place may be free; at once if one is. Take it
// it afterwards: another one may have been faster. Destroying the awaiter cancels the wait.
class Places::Wait {
 public:
  // `places` and `core` outlive it.
  Wait(std::shared_ptr<Places> places, const loop::Core& core, std::uint32_t max)
      : places_(std::move(places)), core_(core), max_(max) {}
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  ~Wait();
  [[nodiscard]] bool await_ready() const { return places_->taken() < max_; }
  bool await_suspend(std::coroutine_handle<> awaiter);
  void await_resume() const {}

 private:
  std::shared_ptr<Places> places_;
  const loop::Core& core_;
  const std::uint32_t max_;
  WaiterPtr waiter_;
};

}  // namespace sluice::server
