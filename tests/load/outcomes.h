// SPDX-License-Identifier: Apache-2.0
// What became of the requests of an open loop: counts by outcome, latencies from the time at which
// each was due, a row for each second in which they were due.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "histogram.h"
#include "schedule.h"
#include "tally.h"

namespace load {

enum class Outcome : std::uint8_t {
  yes,          // 200, let in
  no,           // 200, sold out
  shed,         // 503 with Retry-After
  unavailable,  // 503 without
  too_many,     // 429
  other,        // any other answer
  refused,      // the connection was not made
  reset,        // it ended before the answer
  timed_out,    // no answer within the patience
  no_socket,    // no connection was free for it within the patience
};
inline constexpr std::size_t kOutcomes = 10;
[[nodiscard]] std::string_view name_of(Outcome outcome);

struct Answered {
  int status = 0;
  bool retry_after = false;
  std::string_view body;
};
[[nodiscard]] Outcome outcome_of(const Answered& answer, const Bodies& bodies);

class Outcomes {
 public:
  // `deadline`: a 200 within it counts as good.
  explicit Outcomes(Clock::duration deadline) : deadline_(deadline) {}

  // `due`: since the begin of the run; `took`: since then.
  void add(bool known, Outcome outcome, Clock::duration due, Clock::duration took);
  // How late the load itself was with a request.
  void lag(Clock::duration late);
  [[nodiscard]] nlohmann::json report() const;

 private:
  struct Class {
    std::array<std::uint64_t, kOutcomes> counts{};
    Histogram answered;  // 200
    Histogram shed;      // 503 and 429
    std::uint64_t good = 0;
  };
  struct Second {
    std::array<std::uint64_t, kOutcomes> counts{};
    std::uint64_t due = 0;
    std::uint64_t good = 0;
    Histogram answered;
    Histogram known;
  };
  [[nodiscard]] static nlohmann::json report_of(const Class& of);
  [[nodiscard]] static nlohmann::json report_of(const Second& second);

  const Clock::duration deadline_;
  std::array<Class, 2> classes_;  // unknown, known
  std::vector<Second> seconds_;
  Histogram lag_;
};

}  // namespace load
