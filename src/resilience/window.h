// SPDX-License-Identifier: Apache-2.0
// The windows in which a circuit breaker counts the results of calls: the last N calls, or the last
// N seconds. Shared by the cores, without a lock: any thread. Sums are exact while no call is being
// recorded. Otherwise they may lack the calls in progress, and a few more at the start of a second.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.h"

namespace sluice::resilience {

enum class CallOutcome : std::uint8_t { ok, failed, slow };

struct Tally {
  std::int64_t total = 0;
  std::int64_t failed = 0;
  std::int64_t slow = 0;
};

class Sums {
 public:
  void add(const Tally& tally, int sign);
  // Removes and returns all results.
  [[nodiscard]] Tally take();
  [[nodiscard]] Tally get() const;

 private:
  std::atomic<std::int64_t> total_{0};
  std::atomic<std::int64_t> failed_{0};
  std::atomic<std::int64_t> slow_{0};
};

// The last results.
class Window {
 public:
  virtual ~Window() = default;
  // Adds the result of a call that ended at `now`.
  virtual void record(CallOutcome outcome, TimePoint now) = 0;
  // Returns the results in the window at `now`.
  [[nodiscard]] virtual Tally tally(TimePoint now) = 0;
  // Forgets all results.
  virtual void clear() = 0;
};

class CountWindow final : public Window {
 public:
  explicit CountWindow(std::uint32_t calls) : slots_(calls) {}
  void record(CallOutcome outcome, TimePoint now) override;
  [[nodiscard]] Tally tally(TimePoint now) override;
  void clear() override;

 private:
  std::vector<std::atomic<std::uint8_t>> slots_;  // 0: empty, else 1 + CallOutcome
  std::atomic<std::uint64_t> next_{0};
  Sums sums_;
};

class TimeWindow final : public Window {
 public:
  explicit TimeWindow(std::uint32_t seconds) : buckets_(seconds) {}
  void record(CallOutcome outcome, TimePoint now) override;
  [[nodiscard]] Tally tally(TimePoint now) override;
  void clear() override;

 private:
  void advance(std::int64_t second);

  std::vector<Sums> buckets_;  // by second, modulo their number
  std::atomic<std::int64_t> second_{0};
  Sums sums_;
};

}  // namespace sluice::resilience
