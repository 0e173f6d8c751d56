// SPDX-License-Identifier: Apache-2.0
// ConnectionGate: limits the open connections to a server over all cores, and queues the requests
// that wait for one. Shared by the cores without locks: a core that releases a connection wakes the
// waiting core through its mailbox.
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

  // Any thread. `connections_max`: open connections. `queue_max`: requests that wait for one. All
  // cores share both limits.
  void set_limits(std::uint32_t connections_max, std::uint32_t queue_max);
  // Any thread: the number of open connections.
  [[nodiscard]] std::uint32_t open() const { return open_.load(std::memory_order_relaxed); }
  // True if one more connection may probably be opened.
  [[nodiscard]] bool has_room() const {
    return open() < connections_max_.load(std::memory_order_relaxed);
  }
  // Any thread: the number of requests that wait.
  [[nodiscard]] std::uint32_t queued() const { return queued_.load(std::memory_order_relaxed); }

  // The rest: on the thread of the given core.

  // The right to one open connection. Destroy it on the core that got it.
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
  // Returns nullopt if the limit is reached.
  [[nodiscard]] std::optional<Pass> try_pass(const loop::Core& core);

  // An entry of the queue; its destruction leaves the queue.
  class QueueEntry {
   public:
    QueueEntry(ConnectionGate& gate, const loop::Core& core);
    QueueEntry(const QueueEntry&) = delete;
    QueueEntry& operator=(const QueueEntry&) = delete;
    ~QueueEntry();
    // True if the queue was full. Do not wait then.
    [[nodiscard]] bool refused() const { return refused_; }
    // co_await: true when a new try makes sense, false at `deadline`. Requires: one try between
    // joining the queue and waiting, because earlier releases do not wake it.
    [[nodiscard]] loop::Event::Wait wait(TimePoint deadline) { return woken_.wait(deadline); }

   private:
    friend class ConnectionGate;
    std::shared_ptr<ConnectionGate> gate_;
    const loop::Core& core_;
    bool refused_ = false;
    std::list<QueueEntry*>::iterator position_;
    loop::Event woken_;
  };
  // True if a newcomer on this core must queue.
  [[nodiscard]] bool has_queue(unsigned core) const { return !cores_[core].queue.empty(); }
  // True if requests of other cores wait.
  [[nodiscard]] bool others_wait(unsigned core) const;
  // Tells the core's waiters that one of its connections can be used.
  void notify(const loop::Core& core);

  // Called on this core when another core needs a connection: closes an idle one, and returns false
  // if there was none. In force while the returned handle lives.
  using Evict = std::function<bool()>;
  [[nodiscard]] std::shared_ptr<void> add_evictor(const loop::Core& core, Evict evict);

 private:
  struct CoreQueue {
    std::atomic<loop::EventLoop*> loop{nullptr};
    std::atomic<std::uint32_t> waiting{0};
    std::list<QueueEntry*> queue;  // of the core
    std::list<Evict> evictors;     // of the core
  };

  // Returns false if the queue is full.
  [[nodiscard]] bool take_queue_place();
  void give_back(unsigned core);
  void wake(unsigned core);
  void ask_others_to_evict(unsigned core);
  void post(unsigned core, std::move_only_function<void(ConnectionGate&)> work);

  std::vector<CoreQueue> cores_;
  std::atomic<std::uint32_t> open_{0};
  std::atomic<std::uint32_t> queued_{0};
  std::atomic<std::uint32_t> connections_max_{10240};
  std::atomic<std::uint32_t> queue_max_{1024};
};

}  // namespace sluice::backend
