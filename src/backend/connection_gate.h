// SPDX-License-Identifier: Apache-2.0
// ConnectionGate: how many connections to a server there may be at a time, over all cores, and who
// waits for one. Shared by the cores; no locks: what a core frees it tells the core that waits
// through its mailbox.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "loop/core.h"
#include "loop/event.h"
#include "loop/event_loop.h"

namespace sluice::backend {

class ConnectionGate : public std::enable_shared_from_this<ConnectionGate> {
 public:
  explicit ConnectionGate(unsigned core_count) : cores_(core_count) {}

  // Any thread. The queue is of all cores together.
  void set_limits(std::uint32_t connections_max, std::uint32_t queue_max);
  [[nodiscard]] std::uint32_t open() const { return open_.load(std::memory_order_relaxed); }
  // One more connection may be opened, as far as can be told.
  [[nodiscard]] bool has_room() const {
    return open() < connections_max_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint32_t queued() const { return queued_.load(std::memory_order_relaxed); }

  // The rest on the thread of the core in question.

  // The right to one open connection, until it is destroyed on the core that got it.
  class Pass {
   public:
    Pass() = default;
    Pass(Pass&& other) noexcept : gate_(std::move(other.gate_)), core_(other.core_) {}
    Pass& operator=(Pass&& other) noexcept {
      std::swap(gate_, other.gate_);
      std::swap(core_, other.core_);
      return *this;
    }
    ~Pass() {
      if (gate_) gate_->give_back(core_);
    }

   private:
    friend class ConnectionGate;
    Pass(std::shared_ptr<ConnectionGate> gate, unsigned core)
        : gate_(std::move(gate)), core_(core) {}
    std::shared_ptr<ConnectionGate> gate_;
    unsigned core_ = 0;
  };
  [[nodiscard]] std::optional<Pass> try_pass(const loop::Core& core);

  // A place in the queue, for as long as it lives.
  class Place {
   public:
    Place(ConnectionGate& gate, const loop::Core& core);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();
    // The queue was full: there is nothing to wait for.
    [[nodiscard]] bool refused() const { return refused_; }
    // co_await: true when it is worth trying again, false at `deadline`. Try once between
    // taking the place and waiting: what was freed before that is not told.
    [[nodiscard]] loop::Event::Wait wait(TimePoint deadline) { return woken_.wait(deadline); }

   private:
    friend class ConnectionGate;
    std::shared_ptr<ConnectionGate> gate_;
    const loop::Core& core_;
    bool refused_ = false;
    std::list<Place*>::iterator position_;
    loop::Event woken_;
  };
  // Whoever comes now has to queue up behind others of this core.
  [[nodiscard]] bool has_queue(unsigned core) const { return !cores_[core].queue.empty(); }
  [[nodiscard]] bool others_wait(unsigned core) const;
  // A connection of this core can be used by who waits on it.
  void notify(const loop::Core& core);

  // Called on this core when another one is short of connections: closes an idle one, and returns
  // whether there was one. In force as long as the returned handle lives.
  using Evict = std::function<bool()>;
  [[nodiscard]] std::shared_ptr<void> add_evictor(const loop::Core& core, Evict evict);

 private:
  struct PerCore {
    std::atomic<loop::EventLoop*> loop{nullptr};
    std::atomic<std::uint32_t> waiting{0};
    std::list<Place*> queue;    // of the core
    std::list<Evict> evictors;  // of the core
  };

  void give_back(unsigned core);
  void wake(unsigned core);
  void ask_others_to_evict(unsigned core);
  void post(unsigned core, std::move_only_function<void(ConnectionGate&)> work);

  std::vector<PerCore> cores_;
  std::atomic<std::uint32_t> open_{0};
  std::atomic<std::uint32_t> queued_{0};
  std::atomic<std::uint32_t> connections_max_{10240};
  std::atomic<std::uint32_t> queue_max_{1024};
};

}  // namespace sluice::backend
