// SPDX-License-Identifier: Apache-2.0
// A limit on the keys of a namespace, which the store holds whatever the runs do. It belongs to the
// namespace, and changes by commits of the chain. So every commit is checked against the limit that
// holds at its place. Plain data; any thread.
//
// On a shared store, the owner seals a namespace that is full: it commits nothing until an opening.
// Other members then answer from their replicas while they hold the owner's word
// (OwnerAnswer::sealed). An opening waits until no word is alive.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>

namespace sluice::store {

// At most `max` keys begin with `prefix`, as `revision` of an object says.
struct KeyLimit {
  static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
  std::string prefix;
  std::uint64_t max = kUnlimited;  // the object has no limit
  std::uint64_t revision = 0;

  auto operator<=>(const KeyLimit&) const = default;
  [[nodiscard]] bool same_bounds(const KeyLimit& other) const {
    return prefix == other.prefix && max == other.max;
  }
};

// The limit of a namespace and its seal, from one place of the chain on.
struct LimitState {
  KeyLimit limit{};
  bool sealed = false;   // nothing is committed
  bool opening = false;  // the seal is about to end: nobody gets the owner's word

  auto operator<=>(const LimitState&) const = default;
};

// The same, and the number of keys with the prefix.
struct HeldLimit {
  LimitState state{};
  std::uint64_t used = 0;

  [[nodiscard]] bool is_full() const { return used >= state.limit.max; }
};

}  // namespace sluice::store
