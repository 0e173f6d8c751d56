// SPDX-License-Identifier: Apache-2.0
#include "server/places.h"

#include "loop/event_loop.h"

namespace sluice::server {

Places::Places(unsigned core_count)
    : core_count_(core_count), slots_(std::make_unique<Slot[]>(core_count)) {}

Places::~Places() = default;

bool Places::take(std::uint32_t max) {
  std::uint32_t taken = taken_.load(std::memory_order_relaxed);
  while (taken < max) {
    if (taken_.compare_exchange_weak(taken, taken + 1)) return true;
  }
  return false;
}

// One who begins to wait says so first and then looks at what is taken; this does it the other way
// round: one of the two sees the other. All of it is sequentially consistent.
void Places::release() {
  taken_.fetch_sub(1);
  wake_somebody();
}

void Places::wake_somebody() {
  if (cores_waiting_.load() == 0) return;
  const unsigned first = next_.fetch_add(1, std::memory_order_relaxed);
  for (unsigned i = 0; i < core_count_; ++i) {
    const unsigned core = (first + i) % core_count_;
    Slot& slot = slots_[core];
    if (!slot.waiting.load() || !slot.waiting.exchange(false)) continue;
    cores_waiting_.fetch_sub(1);
    return wake_one(core);
  }
}

void Places::wake_one(unsigned core) {
  slots_[core].loop->post([self = shared_from_this(), core] {
    Slot& slot = self->slots_[core];
    // Who was to be woken has gone meanwhile: the place is for somebody else.
    if (slot.waiters.empty()) return self->wake_somebody();
    const WaiterPtr waiter = slot.waiters.front();
    slot.waiters.pop_front();
    self->publish(slot);
    waiter->resume();
  });
}

void Places::wake_all(unsigned core) {
  Slot& slot = slots_[core];
  const std::list<WaiterPtr> waiters = std::exchange(slot.waiters, {});
  publish(slot);
  for (const WaiterPtr& waiter : waiters) slot.loop->post([waiter] { waiter->resume(); });
}

void Places::publish(Slot& slot) {
  const bool waiting = !slot.waiters.empty();
  if (slot.waiting.exchange(waiting) == waiting) return;
  if (waiting) {
    cores_waiting_.fetch_add(1);
  } else {
    cores_waiting_.fetch_sub(1);
  }
}

bool Places::Wait::await_suspend(std::coroutine_handle<> awaiter) {
  Slot& slot = places_->slots_[core_.index];
  slot.loop = &core_.loop;
  waiter_ = std::make_shared<Waiter>(awaiter);
  slot.waiters.push_back(waiter_);
  places_->publish(slot);
  if (places_->taken_.load() >= max_) return true;
  waiter_->awaiter = {};
  slot.waiters.remove(waiter_);
  places_->publish(slot);
  return false;
}

Places::Wait::~Wait() {
  if (!waiter_ || !waiter_->awaiter) return;
  waiter_->awaiter = {};
  Slot& slot = places_->slots_[core_.index];
  slot.waiters.remove(waiter_);
  places_->publish(slot);
}

}  // namespace sluice::server
