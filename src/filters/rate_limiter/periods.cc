// SPDX-License-Identifier: Apache-2.0
#include "filters/rate_limiter/periods.h"

#include <algorithm>
#include <atomic>

namespace sluice::filters {
namespace {

using Tick = std::chrono::milliseconds;

struct Places {
  std::uint64_t cycle;
  std::uint64_t used;
  std::int64_t tick;  // lies in the cycle
};

PeriodsWord pack(const Places& places) { return make_word(places.tick, places.used); }

std::uint64_t cycle_at(const RatePolicy& policy, Duration elapsed) {
  return static_cast<std::uint64_t>(elapsed / policy.period);
}

std::int64_t tick_at(Duration elapsed) { return std::chrono::floor<Tick>(elapsed).count(); }

// A period is at least a tick long, so one lies in it.
std::int64_t first_tick(std::uint64_t cycle, const RatePolicy& policy) {
  return std::chrono::ceil<Tick>(policy.period * static_cast<std::int64_t>(cycle)).count();
}

// Returns the places as of now: each period that has passed frees its own. Another core's clock may
// have been read later. A policy with a higher limit may have taken more places than this one has:
// they do not fill later periods.
Places places_at(PeriodsWord word, const RatePolicy& policy, Duration elapsed) {
  const std::int64_t tick = tick_of(word);
  const std::uint64_t used = places_of(word);
  const std::uint64_t then = cycle_at(policy, Tick(tick));
  const std::uint64_t cycle = std::max(cycle_at(policy, elapsed), then);
  if (cycle == then) return {cycle, used, tick};
  const std::uint64_t kept = std::min<std::uint64_t>(used, policy.capacity());
  const std::uint64_t passed = std::min<std::uint64_t>(cycle - then, kept);
  return {cycle, kept - std::min(kept, passed * policy.limit), first_tick(cycle, policy)};
}

Duration until(std::uint64_t cycle, const RatePolicy& policy, Duration elapsed) {
  return std::max(policy.period * static_cast<std::int64_t>(cycle) - elapsed, Duration::zero());
}

}  // namespace

std::uint32_t RatePolicy::capacity() const {
  const auto periods = static_cast<std::uint64_t>(timeout / period) + 1;
  const std::uint64_t bounded = std::min<std::uint64_t>(periods, kPlacesMax);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(bounded * limit, kPlacesMax));
}

Verdict take_place(PeriodsWord& word, const RatePolicy& policy, Duration elapsed) {
  const std::atomic_ref<PeriodsWord> shared(word);
  const std::uint32_t capacity = policy.capacity();
  PeriodsWord before = shared.load();
  while (true) {
    Places places = places_at(before, policy, elapsed);
    Verdict verdict{.reset = until(places.cycle + 1, policy, elapsed)};
    if (places.used >= capacity) {
      verdict.wait = verdict.reset;
      return verdict;
    }
    verdict.admitted = true;
    verdict.cycle = places.cycle + places.used / policy.limit;
    if (verdict.cycle > places.cycle) verdict.wait = until(verdict.cycle, policy, elapsed);
    ++places.used;
    if (places.cycle == cycle_at(policy, elapsed))
      places.tick = std::max(places.tick, tick_at(elapsed));
    if (places.used < policy.limit)
      verdict.left = policy.limit - static_cast<std::uint32_t>(places.used);
    if (shared.compare_exchange_weak(before, pack(places))) return verdict;
  }
}

void give_back_place(PeriodsWord& word, const RatePolicy& policy, std::uint64_t cycle,
                     Duration elapsed) {
  const std::atomic_ref<PeriodsWord> shared(word);
  PeriodsWord before = shared.load();
  while (true) {
    Places places = places_at(before, policy, elapsed);
    if (places.used == 0 || cycle <= places.cycle) return;
    if (places.cycle + (places.used - 1) / policy.limit != cycle) return;
    --places.used;
    if (shared.compare_exchange_weak(before, pack(places))) return;
  }
}

std::uint32_t places_in_use(PeriodsWord& word, const RatePolicy& policy, Duration elapsed) {
  const PeriodsWord now = std::atomic_ref<PeriodsWord>(word).load();
  return static_cast<std::uint32_t>(places_at(now, policy, elapsed).used);
}

}  // namespace sluice::filters
