// SPDX-License-Identifier: Apache-2.0
#include "resilience/circuit_breaker.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::resilience {

namespace {

// A state: its number, a flag while it is being prepared, and its BreakerState.
constexpr std::uint64_t kStateMask = 3;
constexpr std::uint64_t kMoving = 4;
constexpr std::uint64_t kNumber = 8;

// Half open: long calls, such as those of slow clients, must not hold the state for ever. After
// this time without a new call, one more is admitted beside them.
constexpr Duration kTrialPatience = std::chrono::seconds(1);

std::unique_ptr<Window> make_window(const CircuitBreakerSpec& spec) {
  if (spec.sliding_window_type == "TIME_BASED")
    return std::make_unique<TimeWindow>(spec.sliding_window_size);
  return std::make_unique<CountWindow>(spec.sliding_window_size);
}

// A window holds at most its size in calls, so a larger minimum would never be reached.
std::uint32_t reachable_minimum(const CircuitBreakerSpec& spec) {
  if (spec.sliding_window_type == "TIME_BASED") return spec.minimum_number_of_calls;
  return std::min(spec.minimum_number_of_calls, spec.sliding_window_size);
}

}  // namespace

CircuitBreaker::Permit::Permit(Permit&& other) noexcept
    : breaker_(std::exchange(other.breaker_, nullptr)),
      state_(other.state_),
      began_(other.began_) {}

CircuitBreaker::Permit::~Permit() {
  if (breaker_ != nullptr) breaker_->give_back(state_);
}

void CircuitBreaker::Permit::finish(bool failed, TimePoint now, Duration not_its) {
  CircuitBreaker* const breaker = std::exchange(breaker_, nullptr);
  if (breaker == nullptr) return;
  const bool slow = now - began_ - not_its >= breaker->spec_.slow_call_duration_threshold;
  breaker->record(state_,
                  failed ? CallOutcome::failed
                  : slow ? CallOutcome::slow
                         : CallOutcome::ok,
                  now);
}

CircuitBreaker::CircuitBreaker(CircuitBreakerSpec spec)
    : spec_(std::move(spec)),
      minimum_(reachable_minimum(spec_)),
      minimum_half_open_(std::min(spec_.minimum_number_of_calls, spec_.permitted_in_half_open)),
      window_(make_window(spec_)),
      trial_(spec_.permitted_in_half_open) {}

std::optional<CircuitBreaker::Permit> CircuitBreaker::acquire(TimePoint now) {
  std::uint64_t state = state_.load(std::memory_order_acquire);
  const auto current = static_cast<BreakerState>(state & kStateMask);
  if (current == BreakerState::closed) return Permit(*this, state & ~kMoving, now);
  const bool over = now.time_since_epoch().count() >= until_.load(std::memory_order_relaxed);
  if ((state & kMoving) == 0) {
    if (current == BreakerState::open && over) {
      (void)move(state, BreakerState::half_open, now);
      state = state_.load(std::memory_order_acquire);
    }
    const bool half_open = static_cast<BreakerState>(state & kStateMask) == BreakerState::half_open;
    if (half_open && (state & kMoving) == 0) {
      if (auto permit = acquire_half_open(state, now)) return permit;
    }
  }
  refused_.fetch_add(1, std::memory_order_relaxed);
  return std::nullopt;
}

std::optional<CircuitBreaker::Permit> CircuitBreaker::acquire_half_open(std::uint64_t state,
                                                                        TimePoint now) {
  const std::int64_t permitted = spec_.permitted_in_half_open;
  const TimePoint::rep at = now.time_since_epoch().count();
  TimePoint::rep last = admitted_at_.load(std::memory_order_relaxed);
  if (admitted_.fetch_add(1, std::memory_order_relaxed) < permitted) {
    admitted_at_.store(at, std::memory_order_relaxed);
    return Permit(*this, state, now);
  }
  const bool stuck =
      spec_.max_wait_in_half_open == Duration::zero() && at - last >= kTrialPatience.count();
  if (stuck && admitted_at_.compare_exchange_strong(last, at)) return Permit(*this, state, now);
  admitted_.fetch_sub(1, std::memory_order_relaxed);
  if (now.time_since_epoch().count() >= until_.load(std::memory_order_relaxed))
    (void)move(state, BreakerState::open, now);
  return std::nullopt;
}

// A trial returns its permit only in the half open state that admitted it.
void CircuitBreaker::give_back(std::uint64_t state) {
  if (static_cast<BreakerState>(state & kStateMask) == BreakerState::half_open &&
      state_.load(std::memory_order_acquire) == state)
    admitted_.fetch_sub(1, std::memory_order_relaxed);
}

void CircuitBreaker::record(std::uint64_t state, CallOutcome outcome, TimePoint now) {
  if (state_.load(std::memory_order_acquire) != state) return;
  if (static_cast<BreakerState>(state & kStateMask) == BreakerState::closed) {
    window_->record(outcome, now);
    const Tally tally = window_->tally(now);
    if (tally.total >= minimum_ && tripped(tally))
      (void)move(state, BreakerState::open, now, tally);
    return;
  }
  trial_.record(outcome, now);
  const Tally tally = trial_.tally(now);
  if (tally.total < minimum_half_open_) return;
  (void)move(state, tripped(tally) ? BreakerState::open : BreakerState::closed, now, tally);
}

bool CircuitBreaker::move(std::uint64_t from, BreakerState to, TimePoint now, const Tally& tally) {
  const std::uint64_t number = (from & ~(kNumber - 1)) + kNumber;
  const std::uint64_t next = number | static_cast<std::uint64_t>(to);
  if (!state_.compare_exchange_strong(from, next | kMoving, std::memory_order_acq_rel))
    return false;
  Duration stay = Duration::max();
  if (to == BreakerState::open) {
    stay = spec_.wait_in_open;
    judged_total_.store(tally.total, std::memory_order_relaxed);
    judged_failed_.store(tally.failed, std::memory_order_relaxed);
    judged_slow_.store(tally.slow, std::memory_order_relaxed);
    opened_.fetch_add(1, std::memory_order_relaxed);
  } else if (to == BreakerState::half_open && spec_.max_wait_in_half_open > Duration::zero()) {
    stay = spec_.max_wait_in_half_open;
  }
  const bool endless = stay > TimePoint::max() - now;
  until_.store((endless ? TimePoint::max() : now + stay).time_since_epoch().count(),
               std::memory_order_relaxed);
  window_->clear();
  trial_.clear();
  admitted_.store(0, std::memory_order_relaxed);
  state_.store(next, std::memory_order_release);
  return true;
}

std::optional<Duration> CircuitBreaker::open_for(TimePoint now) const {
  const auto current =
      static_cast<BreakerState>(state_.load(std::memory_order_acquire) & kStateMask);
  if (current == BreakerState::closed) return std::nullopt;
  const TimePoint::rep left =
      until_.load(std::memory_order_relaxed) - now.time_since_epoch().count();
  return current == BreakerState::open ? Duration(std::max<TimePoint::rep>(left, 0))
                                       : Duration::zero();
}

void CircuitBreaker::open(Duration stay, TimePoint now) {
  if (!move(state_.load(std::memory_order_acquire), BreakerState::open, now)) return;
  const bool endless = stay > TimePoint::max() - now;
  until_.store((endless ? TimePoint::max() : now + stay).time_since_epoch().count(),
               std::memory_order_relaxed);
}

bool CircuitBreaker::tripped(const Tally& tally) const {
  return tally.failed * 100 >= tally.total * spec_.failure_rate_threshold ||
         tally.slow * 100 >= tally.total * spec_.slow_call_rate_threshold;
}

std::string_view CircuitBreaker::state() const {
  switch (static_cast<BreakerState>(state_.load(std::memory_order_acquire) & kStateMask)) {
    case BreakerState::closed:
      return "CLOSED";
    case BreakerState::open:
      return "OPEN";
    case BreakerState::half_open:
      return "HALF_OPEN";
  }
  return "";
}

std::uint64_t CircuitBreaker::changes() const {
  const std::uint64_t state = state_.load(std::memory_order_acquire);
  return (state & kMoving) != 0 ? state / kNumber - 1 : state / kNumber;
}

Tally CircuitBreaker::judged() const {
  return {judged_total_.load(std::memory_order_relaxed),
          judged_failed_.load(std::memory_order_relaxed),
          judged_slow_.load(std::memory_order_relaxed)};
}

Json CircuitBreaker::status(TimePoint now) {
  const Tally tally = state() == "HALF_OPEN" ? trial_.tally(now) : window_->tally(now);
  const bool is_over = open_for(now) == Duration::zero();
  return {{"state", is_over ? "HALF_OPEN" : state()},
          {"calls", tally.total},
          {"failed", tally.failed},
          {"slow", tally.slow},
          {"shortCircuited", refused_.load(std::memory_order_relaxed)},
          {"opened", opened_.load(std::memory_order_relaxed)}};
}

}  // namespace sluice::resilience
