// SPDX-License-Identifier: Apache-2.0
#include "server/places.h"

#include "base/assert.h"
#include "loop/event_loop.h"

namespace sluice::server {

Places::Places(unsigned core_count)
    : core_count_(core_count), slots_(std::make_unique<CoreSlot[]>(core_count)) {}

Places::~Places() = default;

bool Places::take(std::uint32_t max) {
  std::uint32_t taken = taken_.load(std::memory_order_relaxed);
  while (taken < max) {
    if (taken_.compare_exchange_weak(taken, taken + 1)) return true;
  }
  return false;
}

// A waiter registers before its last look at `taken_`; release() frees before it scans for waiters;
// so one always sees the other. All accesses are sequentially consistent.
void Places::release() {
  const std::uint32_t taken = taken_.fetch_sub(1);
  SLUICE_ASSERT(taken > 0, "a place is given back once");
  wake_somebody();
}

void Places::wake_somebody() {
  if (cores_waiting_.load() == 0) return;
  const unsigned first = next_.fetch_add(1, std::memory_order_relaxed);
  for (unsigned i = 0; i < core_count_; ++i) {
    const unsigned core = (first + i) % core_count_;
    CoreSlot& slot = slots_[core];
    if (!slot.waiting.load() || !slot.waiting.exchange(false)) continue;
    cores_waiting_.fetch_sub(1);
    return wake_one(core);
  }
}

void Places::wake_one(unsigned core) {
  slots_[core].loop->post([self = shared_from_this(), core] {
    loop::WaitList& waiters = *self->slots_[core].waiters;
    // That waiter is gone; pass the wake-up on.
    if (waiters.empty()) return self->wake_somebody();
    waiters.notify_one_now();
  });
}

void Places::wake_all(unsigned core) {
  CoreSlot& slot = slots_[core];
  if (!slot.waiters) return;
  slot.waiters->notify_all();
  publish(slot);
}

void Places::publish(CoreSlot& slot) {
  const bool waiting = slot.waiters && !slot.waiters->empty();
  if (slot.waiting.exchange(waiting) == waiting) return;
  if (waiting) {
    cores_waiting_.fetch_add(1);
  } else {
    cores_waiting_.fetch_sub(1);
  }
}

// A wait in the list of its core. It publishes the number of waiters when it begins and when it
// ends, which is before the waiter resumes: a place released meanwhile wakes the next waiter.
class Places::Queued {
 public:
  Queued(Places& places, CoreSlot& slot)
      : places_(places), slot_(slot), wait_(*slot.waiters, TimePoint::max()) {
    slot_.waiters->insert(wait_, slot_.waiters->last());
    places_.publish(slot_);
  }
  Queued(const Queued&) = delete;
  Queued& operator=(const Queued&) = delete;
  ~Queued() {
    wait_.leave();
    places_.publish(slot_);
  }
  [[nodiscard]] loop::WaitList::Wait& wait() { return wait_; }

 private:
  Places& places_;
  CoreSlot& slot_;
  loop::WaitList::Wait wait_;
};

Task<void> Places::wait(const loop::Core& core, std::uint32_t max) {
  const auto self = shared_from_this();
  if (taken() < max) co_return;
  CoreSlot& slot = slots_[core.index];
  slot.loop = &core.loop;
  if (!slot.waiters) slot.waiters.emplace(core.loop);
  Queued queued(*this, slot);
  if (taken_.load() < max) co_return;
  loop::WaitList::Wait& wait = queued.wait();
  co_await wait;
}

}  // namespace sluice::server
