// SPDX-License-Identifier: Apache-2.0
// Places: the connections of an HTTPServer, counted over all cores and bounded by maxConnections,
// and the waiters for a place. A core without a free place stops accepting, so that clients wait in
// the kernel's queue. A release on any core wakes a waiter.
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

  // Takes a place. Any core. Returns false if `max` are taken.
  [[nodiscard]] bool take(std::uint32_t max);
  // Returns a place, and wakes one waiter. Any core.
  void release();
  // The places taken by all cores. Any thread.
  [[nodiscard]] std::uint32_t taken() const { return taken_.load(std::memory_order_relaxed); }

  // The functions below are for the core's own thread.

  // Resumes when a place may be free; does not suspend if one is. Call take() afterwards: another
  // connection may have taken the place. Requires: `core` outlives the wait.
  [[nodiscard]] Task<void> wait(const loop::Core& core, std::uint32_t max);
  // Wakes all waiters of the core: maxConnections has changed, or the server drains.
  void wake_all(unsigned core);

 private:
  // All cores read `waiting`. The other fields are for the core's own thread.
  struct alignas(64) CoreSlot {
    std::atomic<bool> waiting{false};
    loop::EventLoop* loop = nullptr;  // set before `waiting` is first set
    std::optional<loop::WaitList> waiters;
  };
  class Queued;
  void wake_somebody();
  void wake_one(unsigned core);
  // Tells the other cores whether this core has waiters.
  void publish(CoreSlot& slot);

  std::atomic<std::uint32_t> taken_{0};
  std::atomic<std::uint32_t> cores_waiting_{0};
  std::atomic<unsigned> next_{0};  // the core to look at first; rotates for fairness
  const unsigned core_count_;
  std::unique_ptr<CoreSlot[]> slots_;
};

// A place that was taken. Its destructor releases it.
class Places::Place {
 public:
  // Keeps `places` alive.
  explicit Place(std::shared_ptr<Places> places) : places_(std::move(places)) {}
  ~Place() { places_->release(); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::shared_ptr<Places> places_;
};

}  // namespace sluice::server
