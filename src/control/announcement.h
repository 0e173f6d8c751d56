// SPDX-License-Identifier: Apache-2.0
// Announcement: the proposal of one member that all members reload the code of pipelines. It is the
// document reload/now. Each other member builds what is proposed, and notes whether it can. Then
// the member that announced it saves the new pins, and the document goes: every member swaps. If it
// goes alone, no member does.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "store/store.h"

namespace sluice::control {

struct Announcement {
  struct Proposal {
    store::Version version = 0;  // of the object whose spec stays
    Json pins;
  };
  // A member that has announced a reload ends it long before.
  static constexpr std::chrono::seconds kAgeMax{180};

  std::string id;
  std::string member;
  std::string incarnation;  // of the member's process
  std::map<std::string, Proposal> objects;
  store::Version version = 0;  // of the document
  TimePoint seen{};            // when this process has read it: clocks of members differ

  [[nodiscard]] std::string encode() const;
  // Nullopt for a text that is none.
  [[nodiscard]] static std::optional<Announcement> decode(std::string_view text,
                                                          store::Version version);
  [[nodiscard]] bool is_stale() const { return Clock::now() - seen > kAgeMax; }
};

// The outcome of a member's trial. The member notes it under kReloadNote.
struct TrialOutcome {
  std::string id;                              // of the announcement
  std::map<std::string, std::string> refused;  // object -> why this member cannot run it

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static std::optional<TrialOutcome> decode(std::string_view text);
};

}  // namespace sluice::control
