// SPDX-License-Identifier: Apache-2.0
// CircuitBreaker: refuses calls to a pool of backends while most of them fail or are slow.
//   closed     calls pass; their results are counted in the window
//   open       calls are refused, until waitDurationInOpenState is over
//   half open  a few calls pass, and their results decide between closed and open
// Shared by the cores, without a lock: any thread. A state is one atomic word; who changes it wins
// by compare-and-swap, and results of calls that began in an older state are dropped.
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
  // The right to make one call. Dropped without finish(), it says nothing about the backend: the
  // client went away, or the call was not the backend's to answer. Must not outlive the breaker.
  class Permit {
   public:
    Permit(Permit&& other) noexcept;
    Permit& operator=(Permit&&) = delete;
    ~Permit();
    // What has become of the call that began with the permit. `not_its`: time that passed since
    // then and was not the backend's.
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

  // nullopt: refused.
  [[nodiscard]] std::optional<Permit> acquire(TimePoint now);

  [[nodiscard]] const CircuitBreakerSpec& spec() const { return spec_; }
  // "CLOSED", "OPEN", "HALF_OPEN".
  [[nodiscard]] std::string_view state() const;
  // {"state", "calls", "failed", "slow", "shortCircuited", "opened"}
  [[nodiscard]] Json status(TimePoint now);

  // For a process that follows this one: how long calls are refused from now on, zero if the next
  // ones decide. nullopt: closed.
  [[nodiscard]] std::optional<Duration> open_for(TimePoint now) const;
  // Opens for `stay`.
  void open(Duration stay, TimePoint now);

 private:
  enum class Kind : std::uint8_t { closed, open, half_open };
  std::optional<Permit> acquire_half_open(std::uint64_t state, TimePoint now);
  void record(std::uint64_t state, Outcome outcome, TimePoint now);
  void give_back(std::uint64_t state);
  // False if another core has changed the state before.
  bool move(std::uint64_t from, Kind to, TimePoint now);
  [[nodiscard]] bool tripped(const Tally& tally) const;

  CircuitBreakerSpec spec_;
  std::uint32_t minimum_;            // results in the window before it judges
  std::uint32_t minimum_half_open_;  // likewise, half open
  std::unique_ptr<Window> window_;
  CountWindow trial_;                           // of the half open state
  std::atomic<std::uint64_t> state_{0};         // number of the state, being changed, Kind
  std::atomic<std::int64_t> admitted_{0};       // half open
  std::atomic<TimePoint::rep> admitted_at_{0};  // the last of them
  std::atomic<TimePoint::rep> until_{0};        // open, or half open: when it ends by itself
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> opened_{0};
};

}  // namespace sluice::resilience
