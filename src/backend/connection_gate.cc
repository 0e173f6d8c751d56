// SPDX-License-Identifier: Apache-2.0
#include "backend/connection_gate.h"

#include "base/assert.h"

namespace sluice::backend {

void ConnectionGate::set_limits(std::uint32_t connections_max, std::uint32_t queue_max) {
  connections_max_.store(connections_max);
  queue_max_.store(queue_max);
}

std::optional<ConnectionGate::Pass> ConnectionGate::try_pass(const loop::Core& core) {
  const std::uint32_t max = connections_max_.load(std::memory_order_relaxed);
  std::uint32_t open = open_.load();
  while (open < max) {
    if (open_.compare_exchange_weak(open, open + 1)) return Pass(shared_from_this(), core.index);
  }
  return std::nullopt;
}

// A waiter registers before its last try. This releases before it scans for waiters. So one always
// sees the other.
void ConnectionGate::give_back(unsigned core) {
  [[maybe_unused]] const std::uint32_t open = open_.fetch_sub(1);
  SLUICE_DEBUG_ASSERT(open > 0, "a pass is given back once");
  if (has_queue(core)) return post(core, [core](ConnectionGate& gate) { gate.wake(core); });
  for (unsigned step = 1; step < cores_.size(); ++step) {
    const auto other = static_cast<unsigned>((core + step) % cores_.size());
    if (cores_[other].waiting.load() == 0) continue;
    return post(other, [other](ConnectionGate& gate) { gate.wake(other); });
  }
}

void ConnectionGate::notify(const loop::Core& core) {
  if (!has_queue(core.index)) return;
  post(core.index, [index = core.index](ConnectionGate& gate) { gate.wake(index); });
}

bool ConnectionGate::others_wait(unsigned core) const {
  if (queued_.load(std::memory_order_relaxed) == 0) return false;
  for (unsigned i = 0; i < cores_.size(); ++i) {
    if (i != core && cores_[i].waiting.load() > 0) return true;
  }
  return false;
}

// Wakes the first waiter that is still asleep.
void ConnectionGate::wake(unsigned core) {
  for (QueueEntry* entry : cores_[core].queue) {
    if (!entry->woken_.has_waiter()) continue;
    return entry->woken_.notify_now();  // synchronously: from the mailbox, nothing else is running
  }
  if (cores_[core].queue.empty() && others_wait(core)) {
    // The waiter that this message was for is gone: pass the wake-up on.
    for (unsigned i = 0; i < cores_.size(); ++i) {
      if (i == core || cores_[i].waiting.load() == 0) continue;
      return post(i, [i](ConnectionGate& gate) { gate.wake(i); });
    }
  }
}

void ConnectionGate::ask_others_to_evict(unsigned core) {
  for (unsigned i = 0; i < cores_.size(); ++i) {
    if (i == core || cores_[i].loop.load() == nullptr) continue;
    post(i, [i](ConnectionGate& gate) {
      const std::list<Evict>& evictors = gate.cores_[i].evictors;
      auto next = evictors.begin();
      while (next != evictors.end()) {
        const Evict evict = *next++;  // evict() may remove itself from the list
        if (evict()) return;
      }
    });
  }
}

void ConnectionGate::post(unsigned core, std::move_only_function<void(ConnectionGate&)> work) {
  cores_[core].loop.load()->post(
      [self = shared_from_this(), work = std::move(work)]() mutable { work(*self); });
}

std::shared_ptr<void> ConnectionGate::add_evictor(const loop::Core& core, Evict evict) {
  CoreQueue& own = cores_[core.index];
  own.loop.store(&core.loop);
  const auto position = own.evictors.insert(own.evictors.end(), std::move(evict));
  return {nullptr, [self = shared_from_this(), position, index = core.index](void*) {
            self->cores_[index].evictors.erase(position);
          }};
}

// A refused request is never in the count: it would refuse another one.
bool ConnectionGate::take_queue_place() {
  const std::uint32_t max = queue_max_.load(std::memory_order_relaxed);
  std::uint32_t queued = queued_.load();
  while (queued < max) {
    if (queued_.compare_exchange_weak(queued, queued + 1)) return true;
  }
  return false;
}

ConnectionGate::QueueEntry::QueueEntry(ConnectionGate& gate, const loop::Core& core)
    : gate_(gate.shared_from_this()), core_(core), woken_(core.loop) {
  SLUICE_DEBUG_ASSERT(core.loop.is_here(), "a place is taken on the core that waits");
  refused_ = !gate.take_queue_place();
  if (refused_) return;
  CoreQueue& own = gate.cores_[core.index];
  own.loop.store(&core.loop);
  own.waiting.fetch_add(1);
  position_ = own.queue.insert(own.queue.end(), this);
  gate.ask_others_to_evict(core.index);
}

ConnectionGate::QueueEntry::~QueueEntry() {
  if (refused_) return;
  CoreQueue& own = gate_->cores_[core_.index];
  own.queue.erase(position_);
  own.waiting.fetch_sub(1);
  gate_->queued_.fetch_sub(1);
}

}  // namespace sluice::backend
