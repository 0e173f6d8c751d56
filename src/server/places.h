// SPDX-License-Identifier: Apache-2.0
// Places: the connections that an HTTPServer may have (maxConnections), counted over all cores, and
// who waits for one. Waiting costs nothing: whoever is full stops accepting, so that clients wait
// in the kernel's queue, and is woken when a place is given back, on whatever core that happens.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "loop/core.h"
#include "loop/task.h"
#include "loop/wait_list.h"

namespace sluice::server {

class Places : public std::enable_shared_from_this<Places> {
 public:
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

  // The rest on the core's own thread.

  // Resumes when a place may be free; does not suspend if one is. Take it afterwards: another one
  // may have been faster. `core` outlives it.
  [[nodiscard]] Task<void> wait(const loop::Core& core, std::uint32_t max);
  // Has those of the core that wait look again: maxConnections has changed, or they are to leave.
  void wake_all(unsigned core);

 private:
  // `waiting` is for all cores, the rest for the core's own.
  struct alignas(64) Slot {
    std::atomic<bool> waiting{false};
    loop::EventLoop* loop = nullptr;  // set before `waiting` first is
    std::optional<loop::WaitList> waiters;
  };
  class Queued;
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

}  // namespace sluice::server
