// SPDX-License-Identifier: Apache-2.0
// Who comes in an open loop: people who are in already and come again, and ever new ones.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "numbers.h"

namespace load {

struct PeopleOptions {
  std::uint64_t known_first = 0;  // number of the first who is in from the begin on
  std::uint64_t known_count = 0;
  double known_share = 0;   // of the requests that are by somebody who is in, if anybody is
  std::uint64_t first = 0;  // number of the first of the others
  bool come_again = false;  // those let in during the run count as being in, too
};

class People {
 public:
  People(PeopleOptions options, std::uint64_t seed)
      : options_(options), next_(options.first), random_(seed) {
    for (std::uint64_t i = 0; i < options.known_count; ++i) is_in_.insert(options.known_first + i);
    in_ = options.known_count == 0 ? std::vector<std::uint64_t>() : all_known();
  }

  struct Person {
    std::uint64_t number;
    bool known;
  };
  [[nodiscard]] Person next() {
    const bool known =
        !in_.empty() && std::uniform_real_distribution<>()(random_) < options_.known_share;
    if (!known) return {next_++, false};
    return {in_[std::uniform_int_distribution<std::size_t>(0, in_.size() - 1)(random_)], true};
  }
  [[nodiscard]] bool is_in(std::uint64_t number) const { return is_in_.contains(number); }
  void told_yes(std::uint64_t number) {
    if (is_in(number)) return;
    is_in_.insert(number);
    let_in_.push_back(number);
    if (options_.come_again) in_.push_back(number);
  }
  // Once each, in the order of the answers; without those who were in before.
  [[nodiscard]] const std::vector<std::uint64_t>& let_in() const { return let_in_; }

 private:
  [[nodiscard]] std::vector<std::uint64_t> all_known() const {
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 0; i < options_.known_count; ++i)
      all.push_back(options_.known_first + i);
    return all;
  }

  const PeopleOptions options_;
  std::uint64_t next_;
  std::mt19937_64 random_;
  std::vector<std::uint64_t> in_;  // whom to choose from
  Numbers is_in_;
  std::vector<std::uint64_t> let_in_;  // during the run
};

}  // namespace load
