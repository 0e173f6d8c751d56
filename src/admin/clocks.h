// SPDX-License-Identifier: Apache-2.0
// The clocks of the members of a cluster. Each member compares its own with that of one reference,
// which is the same for all of them that reach it, and tells the others. So a cluster of n members
// takes n comparisons.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/member_link.h"
#include "base/json.h"
#include "base/time.h"
#include "store/store.h"

namespace sluice::admin {

// A clock that differs more from the median of the members is worth a warning.
inline constexpr Duration kClockOffsetMax = std::chrono::milliseconds(250);

// The clock of a member minus that of the reference.
struct ClockReading {
  std::string reference;  // a member
  Duration offset{};
  Duration uncertainty{};

  [[nodiscard]] Json to_json() const;
  // None for anything that to_json() does not make.
  [[nodiscard]] static std::optional<ClockReading> from_json(const Json& value);
  // True if `newer` tells nothing else, within the uncertainty.
  [[nodiscard]] bool agrees_with(const ClockReading& newer) const;
  // This clock minus `other`; none if their references differ.
  [[nodiscard]] std::optional<MemberLink::ClockOffset> minus(const ClockReading& other) const;
};

// Compares the clock of this process with that of the first member, by name, that has a cluster
// port and answers; that may be this one. Blocks, for 3 s at most. None: this process is no member
// at the moment, or reaches none of the first three.
[[nodiscard]] std::optional<ClockReading> read_clock(
    const std::vector<store::Store::Member>& members, MemberLink& link);

// "" or a warning: the clock differs from the median of `all`, which have this one as well, by more
// than kClockOffsetMax for sure.
[[nodiscard]] std::string clock_warning(const ClockReading& mine,
                                        const std::vector<ClockReading>& all);

}  // namespace sluice::admin
