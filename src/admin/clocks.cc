// SPDX-License-Identifier: Apache-2.0
#include "admin/clocks.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

// A note is written again if it changes. Smaller differences are noise.
constexpr Duration kClockNoise = std::chrono::milliseconds(2);
// A member that reaches nobody does not try all: the process waits for this at its end.
constexpr int kReferencesMax = 3;
// No clock is wrong by more; keeps the arithmetic in range.
constexpr double kOffsetMsMax = 1e12;

// Three decimals.
double milliseconds(Duration duration) {
  return std::round(Milliseconds(duration).count() * 1000) / 1000;
}

std::optional<Duration> duration_at(const Json& value, const char* key) {
  const auto found = value.find(key);
  if (found == value.end() || !found->is_number()) return std::nullopt;
  const double ms = found->get<double>();
  if (!(std::abs(ms) <= kOffsetMsMax)) return std::nullopt;
  return std::chrono::duration_cast<Duration>(Milliseconds(ms));
}

Duration median_of(std::vector<Duration> offsets) {
  std::ranges::sort(offsets);
  const std::size_t half = offsets.size() / 2;
  if (offsets.size() % 2 == 1) return offsets[half];
  return offsets[half - 1] + (offsets[half] - offsets[half - 1]) / 2;
}

}  // namespace

Json ClockReading::to_json() const {
  return {{"reference", reference},
          {"offsetMs", milliseconds(offset)},
          {"uncertaintyMs", milliseconds(uncertainty)}};
}

std::optional<ClockReading> ClockReading::from_json(const Json& value) {
  if (!value.is_object()) return std::nullopt;
  const auto reference = value.find("reference");
  const auto offset = duration_at(value, "offsetMs");
  const auto uncertainty = duration_at(value, "uncertaintyMs");
  if (reference == value.end() || !reference->is_string() || !offset || !uncertainty)
    return std::nullopt;
  return ClockReading{reference->get<std::string>(), *offset, *uncertainty};
}

bool ClockReading::agrees_with(const ClockReading& newer) const {
  const Duration difference = std::chrono::abs(newer.offset - offset);
  return newer.reference == reference && difference <= std::max(kClockNoise, newer.uncertainty) &&
         uncertainty <= std::max<Duration>(kClockNoise, newer.uncertainty * 2);
}

std::optional<MemberLink::ClockOffset> ClockReading::minus(const ClockReading& other) const {
  if (reference != other.reference) return std::nullopt;
  return MemberLink::ClockOffset{offset - other.offset, uncertainty + other.uncertainty};
}

std::optional<ClockReading> read_clock(const std::vector<store::Store::Member>& members,
                                       MemberLink& link) {
  if (std::ranges::none_of(members, &store::Store::Member::me)) return std::nullopt;
  int tries = 0;
  for (const auto& member : members) {
    if (member.me) return ClockReading{member.name, {}, {}};
    if (member.address.empty()) continue;
    if (++tries > kReferencesMax) return std::nullopt;
    if (const auto its = link.clock_of(member.address))
      return ClockReading{member.name, -its->offset, its->uncertainty};
  }
  return std::nullopt;
}

std::string clock_warning(const ClockReading& mine, const std::vector<ClockReading>& all) {
  std::vector<Duration> offsets;
  for (const ClockReading& each : all) {
    if (each.reference == mine.reference) offsets.push_back(each.offset);
  }
  if (offsets.size() < 2) return "";
  const Duration difference = mine.offset - median_of(std::move(offsets));
  if (std::chrono::abs(difference) - mine.uncertainty <= kClockOffsetMax) return "";
  const auto shown = std::chrono::round<std::chrono::milliseconds>(std::chrono::abs(difference));
  return "the clock of this member is " + format_duration(shown) +
         (difference > Duration() ? " ahead of" : " behind") +
         " the median of all members: programs that ask for the time see that; keep it by NTP";
}

}  // namespace sluice::admin
