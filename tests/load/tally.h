// SPDX-License-Identifier: Apache-2.0
// What came back: who was let in, how many were not, and how long it took.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "numbers.h"

namespace load {

using Clock = std::chrono::steady_clock;

struct Bodies {
  std::string yes;  // of a 200: let in
  std::string no;   // of a 200: not let in
};

class Tally {
 public:
  explicit Tally(Bodies bodies) : bodies_(std::move(bodies)) {}

  // `was_in`: what knows() said when the request was sent.
  void answer(std::uint64_t user, bool was_in, int status, std::string_view body,
              Clock::duration took);
  // He has been let in.
  [[nodiscard]] bool knows(std::uint64_t user) const { return in_.contains(user); }
  // A connection is over without having been asked to be.
  void failed(const std::string& why) { ++failures_[why]; }
  [[nodiscard]] nlohmann::json report(Clock::duration whole) const;
  [[nodiscard]] const std::vector<std::uint64_t>& let_in() const { return let_in_; }

 private:
  using Latencies = std::vector<std::uint32_t>;  // in units of 100 ns
  [[nodiscard]] static nlohmann::json percentiles(Latencies sample);

  const Bodies bodies_;
  std::vector<std::uint64_t> let_in_;  // once each
  Numbers in_;
  std::uint64_t turned_away_ = 0;  // who had been let in before
  Latencies yes_, no_;
  std::map<std::string, std::uint64_t> others_, failures_;
};

}  // namespace load
