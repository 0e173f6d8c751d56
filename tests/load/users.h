// SPDX-License-Identifier: Apache-2.0
// Who asks next: a counter, the same people over and over, or a list of people once each.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace load {

class Users {
 public:
  // `cycle` people from `first` on, 0 for as many as there are requests.
  Users(std::uint64_t first, std::uint64_t cycle, std::uint64_t requests)
      : first_(first),
        cycle_(cycle == 0 ? std::numeric_limits<std::uint64_t>::max() : cycle),
        left_(requests) {}
  explicit Users(std::vector<std::uint64_t> list) : left_(list.size()), list_(std::move(list)) {}

  [[nodiscard]] std::optional<std::uint64_t> next() {
    if (left_ == 0) return std::nullopt;
    --left_;
    const std::uint64_t number = given_++;
    return list_.empty() ? first_ + number % cycle_ : list_[number];
  }
  void stop() { left_ = 0; }

 private:
  std::uint64_t first_ = 0;
  std::uint64_t cycle_ = 1;
  std::uint64_t left_;
  std::uint64_t given_ = 0;
  std::vector<std::uint64_t> list_;
};

}  // namespace load
