// SPDX-License-Identifier: Apache-2.0
// Names that are never given twice. Plain data; any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::store {

// 128 random bits: a process, a group or a change. Never the same twice.
struct RandomId {
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] static RandomId make();
  // 32 lower-case hex digits.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static std::optional<RandomId> parse(std::string_view text);
  auto operator<=>(const RandomId&) const = default;
};

// An exchange that a member has handed over to the owner of its namespace. Never the same twice.
struct ExchangeId {
  RandomId incarnation;  // of the process that handed it over
  std::uint64_t counter = 0;
  auto operator<=>(const ExchangeId&) const = default;
};

}  // namespace sluice::store
