// SPDX-License-Identifier: Apache-2.0
// Seq: the value of `data/<ns>/seq`, the end of a namespace's chain of groups in etcd. Every group
// puts it, so its mod revision names the group before. It is never deleted. Plain data; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/medium.h"
#include "store/random_id.h"

namespace sluice::store {

// A set of keys `data/<ns>/e<fence>.<number>/…`. Invariant: only one fence makes epochs of its
// name, and each of them once.
struct Epoch {
  Fence fence = 0;
  std::uint64_t number = 0;

  // "<fence>.<number>"
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static std::optional<Epoch> parse(std::string_view text);
  auto operator<=>(const Epoch&) const = default;
};

// The last group under an earlier fence.
struct LastGroup {
  Fence fence = 0;
  RandomId group;
  auto operator<=>(const LastGroup&) const = default;
};

struct Seq {
  // Owners of which the last group is remembered. An owner whose last group has no known outcome
  // finds it here.
  static constexpr std::size_t kEarlierMax = 8;
  static constexpr std::size_t kExchangesMax = 3600;
  static constexpr std::size_t kPrefixMax = 1024;  // bytes

  Version version = 0;                  // commits so far
  Fence fence = 0;                      // of the group's owner; 0 before the first group
  RandomId group;                       // of this group
  Epoch epoch;                          // the one that counts
  std::uint64_t checksum = 0;           // of the epoch: checksum.h
  std::uint32_t writes = 0;             // of this group
  bool sealed = false;                  // the epoch does not change any more
  bool opening = false;                 // the seal is about to end
  std::optional<KeyLimit> limit{};      // none: there has never been one
  std::vector<LastGroup> earlier{};     // by fence
  std::vector<ExchangeId> exchanges{};  // in this group

  bool operator==(const Seq&) const = default;

  // The value in etcd. Requires: the lists are within their limits.
  [[nodiscard]] std::string encode() const;
  // Errors: `invalid` for bytes that encode() does not make.
  [[nodiscard]] static Result<Seq> decode(std::string_view bytes);

  [[nodiscard]] std::optional<LimitState> limit_state() const {
    return limit ? std::optional(LimitState{*limit, sealed, opening}) : std::nullopt;
  }

  enum class GroupFate { committed, not_committed, forgotten };
  // The fate of a group that was sent under a fence that is over, as the last one. Requires: this
  // Seq was read when the fence was over.
  [[nodiscard]] GroupFate fate(Fence fence, const RandomId& group) const;
  // The Seq of the next group, under `fence`, with a new id, without writes and exchanges.
  [[nodiscard]] Seq next(Fence fence) const;
};

}  // namespace sluice::store
