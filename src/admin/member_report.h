// SPDX-License-Identifier: Apache-2.0
// MemberReport: tells the other members of the cluster about this process, on a thread of its own.
#pragma once

#include <stop_token>
#include <string>
#include <thread>

#include "admin/resource.h"

namespace sluice::admin {

// The notes of members about themselves begin with this; the value is a member as
// GET /status/members shows it, without the parts that the store knows.
inline constexpr const char* kMemberNotes = "member/";

// This process, as its note describes it. Any thread but a worker's.
[[nodiscard]] Json describe_this_member(const Context& context);

class MemberReport {
 public:
  // Writes a note when something has changed. Nothing happens if the store has no other members.
  // Requires: `context` outlives this.
  explicit MemberReport(Context& context);

 private:
  void work(const std::stop_token& stop);

  Context& context_;
  std::jthread thread_;  // last
};

}  // namespace sluice::admin
