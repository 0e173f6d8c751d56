// SPDX-License-Identifier: Apache-2.0
// The arithmetic of a limit over fixed periods. A request takes a place: in the period that runs,
// or in one to come if its policy lets it wait. All cores share the word of a limit, and each
// request changes it by one compare-and-swap, so the count is exact.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace sluice::filters {

// The most places of a period, and of all periods that may be taken at once.
inline constexpr std::uint32_t kPlacesMax = (1U << 24) - 1;

struct RatePolicy {
  Duration period{};
  Duration timeout{};       // the longest wait for a place
  std::uint32_t limit = 1;  // places of a period, at most kPlacesMax

  // The places that may be taken at once: of the period that runs, and of those that begin within
  // `timeout`.
  [[nodiscard]] std::uint32_t capacity() const;
};

struct Verdict {
  bool admitted = false;
  Duration wait{};          // until the place's period begins; if refused, until the next period
  std::uint64_t cycle = 0;  // the period of the place
  std::uint32_t left = 0;   // places without a wait
  Duration reset{};         // until the next period
};

// The word: the time of the last change in the upper 40 bits, in ms since the first period began;
// the places in use from there on in the lower 24. 0: none. Any policy can read it: a place counts
// in the period of the last change. `elapsed`: since the first period began; not negative.
using PeriodsWord = std::uint64_t;
inline constexpr int kPlaceBits = 24;
inline constexpr std::int64_t kTickMax = (std::int64_t{1} << (64 - kPlaceBits)) - 1;

[[nodiscard]] constexpr std::int64_t tick_of(PeriodsWord word) {
  return static_cast<std::int64_t>(word >> kPlaceBits);
}
[[nodiscard]] constexpr std::uint32_t places_of(PeriodsWord word) {
  return static_cast<std::uint32_t>(word & kPlacesMax);
}
[[nodiscard]] constexpr PeriodsWord make_word(std::int64_t tick, std::uint64_t places) {
  return static_cast<PeriodsWord>(tick) << kPlaceBits | places;
}

[[nodiscard]] Verdict take_place(PeriodsWord& word, const RatePolicy& policy, Duration elapsed);
// Gives a place back whose wait is not over. Only a place of the last period that is taken returns:
// in another one, it would go to a request of a later period.
void give_back_place(PeriodsWord& word, const RatePolicy& policy, std::uint64_t cycle,
                     Duration elapsed);
// Returns the places in use in the period that runs and in later ones.
[[nodiscard]] std::uint32_t places_in_use(PeriodsWord& word, const RatePolicy& policy,
                                          Duration elapsed);

}  // namespace sluice::filters
