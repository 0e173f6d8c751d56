// SPDX-License-Identifier: Apache-2.0
#include "resilience/window.h"

#include <algorithm>

namespace sluice::resilience {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

Tally one(CallOutcome outcome) {
  return {
      .total = 1, .failed = outcome == CallOutcome::failed, .slow = outcome == CallOutcome::slow};
}

}  // namespace

void Sums::add(const Tally& tally, int sign) {
  total_.fetch_add(sign * tally.total, kRelaxed);
  if (tally.failed != 0) failed_.fetch_add(sign * tally.failed, kRelaxed);
  if (tally.slow != 0) slow_.fetch_add(sign * tally.slow, kRelaxed);
}

Tally Sums::take() {
  return {.total = total_.exchange(0, kRelaxed),
          .failed = failed_.exchange(0, kRelaxed),
          .slow = slow_.exchange(0, kRelaxed)};
}

Tally Sums::get() const {
  return {.total = total_.load(kRelaxed),
          .failed = failed_.load(kRelaxed),
          .slow = slow_.load(kRelaxed)};
}

// Invariant: the sums equal the slots, under any concurrency. The thread that removes a result from
// a slot also subtracts it from the sums.
void CountWindow::record(CallOutcome outcome, TimePoint) {
  const std::uint64_t slot = next_.fetch_add(1, kRelaxed) % slots_.size();
  const auto fresh = static_cast<std::uint8_t>(1 + static_cast<std::uint8_t>(outcome));
  const std::uint8_t old = slots_[slot].exchange(fresh, kRelaxed);
  sums_.add(one(outcome), 1);
  if (old != 0) sums_.add(one(static_cast<CallOutcome>(old - 1)), -1);
}

Tally CountWindow::tally(TimePoint) { return sums_.get(); }

void CountWindow::clear() {
  for (auto& slot : slots_) {
    const std::uint8_t old = slot.exchange(0, kRelaxed);
    if (old != 0) sums_.add(one(static_cast<CallOutcome>(old - 1)), -1);
  }
}

void TimeWindow::record(CallOutcome outcome, TimePoint now) {
  const std::int64_t second =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  advance(second);
  buckets_[static_cast<std::size_t>(second) % buckets_.size()].add(one(outcome), 1);
  sums_.add(one(outcome), 1);
}

Tally TimeWindow::tally(TimePoint now) {
  advance(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  return sums_.get();
}

// Empties the buckets of the seconds that have begun. One of the threads that notice does it.
void TimeWindow::advance(std::int64_t second) {
  std::int64_t last = second_.load(kRelaxed);
  if (second <= last || !second_.compare_exchange_strong(last, second, kRelaxed)) return;
  const auto size = static_cast<std::int64_t>(buckets_.size());
  for (std::int64_t s = std::max(last + 1, second - size + 1); s <= second; ++s)
    sums_.add(buckets_[static_cast<std::size_t>(s % size)].take(), -1);
}

void TimeWindow::clear() {
  for (Sums& bucket : buckets_) sums_.add(bucket.take(), -1);
}

}  // namespace sluice::resilience
