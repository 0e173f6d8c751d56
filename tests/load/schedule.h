// SPDX-License-Identifier: Apache-2.0
// When requests are due, whatever becomes of earlier ones: phases of a constant mean rate.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

namespace load {

using Clock = std::chrono::steady_clock;

struct Phase {
  double rate;     // arrivals a second
  double seconds;  // how long
};

// "RATE:SECONDS", both positive; nothing for any other text.
[[nodiscard]] std::optional<Phase> parse_phase(std::string_view text);

// Times since the begin of the run. `poisson`: the gaps are exponential, else all alike.
class Schedule {
 public:
  Schedule(std::vector<Phase> phases, bool poisson, std::uint64_t seed);

  // When the next request is due; nothing after the last phase.
  [[nodiscard]] std::optional<Clock::duration> next() const { return next_; }
  void advance();
  [[nodiscard]] double seconds() const { return end_; }

 private:
  [[nodiscard]] double gap();

  std::vector<Phase> phases_;
  const bool poisson_;
  std::mt19937_64 random_;
  std::size_t phase_ = 0;
  double phase_end_ = 0;
  double end_ = 0;
  double at_ = 0;
  std::optional<Clock::duration> next_;
};

}  // namespace load
