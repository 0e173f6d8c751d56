// SPDX-License-Identifier: Apache-2.0
// CircuitBreaker: refuses calls to a pool of backends while most of them fail or are slow.
//   closed     calls pass; their results are counted in the window
//   open       calls are refused, until waitDurationInOpenState is over
//   half open  a few calls pass, and their results decide between closed and open
// Shared by the cores, without a lock: any thread. A state is one atomic word, changed by
// compare-and-swap. Results of calls that began in an older state are dropped.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "resilience/spec.h"
#include "resilience/window.h"

namespace sluice::resilience {

class CircuitBreaker {
 public:
  // The right to make one call. Without finish(), the call does not count: the client left, or the
  // backend was not at fault. Requires: the breaker outlives it.
  class Permit {
   public:
    Permit(Permit&& other) noexcept;
    Permit& operator=(Permit&&) = delete;
    ~Permit();
    // Records the result of the call, once; further calls have no effect. `not_its`: the part of
    // the elapsed time that was not the backend's.
    void finish(bool failed, TimePoint now, Duration not_its = {});

   private:
    friend class CircuitBreaker;
    Permit(CircuitBreaker& breaker, std::uint64_t state, TimePoint began)
        : breaker_(&breaker), state_(state), began_(began) {}
    CircuitBreaker* breaker_;
    std::uint64_t state_;
    TimePoint began_;
  };

  explicit CircuitBreaker(CircuitBreakerSpec spec);

  // Returns the right to one call, or nullopt if the call is refused.
  [[nodiscard]] std::optional<Permit> acquire(TimePoint now);

  [[nodiscard]] const CircuitBreakerSpec& spec() const { return spec_; }
  // "CLOSED", "OPEN", "HALF_OPEN".
  [[nodiscard]] std::string_view state() const;
  // Counts the changes of the state.
  [[nodiscard]] std::uint64_t changes() const;
  // The calls for which it has opened last; zeros: a trial without a decision.
  [[nodiscard]] Tally judged() const;
  // {"state", "calls", "failed", "slow", "shortCircuited", "opened"}. Open for its time, and no
  // call since, is "HALF_OPEN": the next calls decide.
  [[nodiscard]] Json status(TimePoint now);

  // For the process that follows this one: the time for which calls are still refused; zero if the
  // next calls decide. nullopt: closed.
  [[nodiscard]] std::optional<Duration> open_for(TimePoint now) const;
  // Opens the breaker for `stay`.
  void open(Duration stay, TimePoint now);

 private:
  enum class BreakerState : std::uint8_t { closed, open, half_open };
  std::optional<Permit> acquire_half_open(std::uint64_t state, TimePoint now);
  void record(std::uint64_t state, CallOutcome outcome, TimePoint now);
  void give_back(std::uint64_t state);
  // `tally`: the reason to open. False if another core changed the state first.
  bool move(std::uint64_t from, BreakerState to, TimePoint now, const Tally& tally = {});
  [[nodiscard]] bool tripped(const Tally& tally) const;

  CircuitBreakerSpec spec_;
  std::uint32_t minimum_;            // results in the window before a decision
  std::uint32_t minimum_half_open_;  // likewise, half open
  std::unique_ptr<Window> window_;
  CountWindow trial_;                      // the results in the half open state
  std::atomic<std::uint64_t> state_{0};    // number of the state, preparation flag, BreakerState
  std::atomic<std::int64_t> admitted_{0};  // half open
  std::atomic<TimePoint::rep> admitted_at_{0};  // time of the last admission
  std::atomic<TimePoint::rep> until_{0};  // open or half open: the time when it ends by itself
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> opened_{0};
  std::atomic<std::int64_t> judged_total_{0};
  std::atomic<std::int64_t> judged_failed_{0};
  std::atomic<std::int64_t> judged_slow_{0};
};

}  // namespace sluice::resilience
