// SPDX-License-Identifier: Apache-2.0
// MemberReport: tells the other members of the cluster about this process, on a thread of its own.
#pragma once

#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "admin/resource.h"
#include "base/time.h"
#include "store/store.h"

namespace sluice::admin {

// The notes of members about themselves begin with this; the value is a member as
// GET /status/members shows it, without the parts that the store knows.
inline constexpr const char* kMemberNotes = "member/";

// The namespaces that the filters of this process share.
[[nodiscard]] std::vector<std::string> namespaces_here(const Context& context);

// The role of this process: `member` of a cluster, or `single`.
[[nodiscard]] const char* role_of(const Context& context);

// This process, as its note describes it. Any thread but a worker's.
[[nodiscard]] Json describe_this_member(const Context& context);

// The clocks in the reports of members.
[[nodiscard]] std::vector<ClockReading> clocks_in(const std::vector<store::Store::Note>& notes);

class MemberReport {
 public:
  // Writes a note when something has changed. Nothing happens if the store has no other members.
  // Requires: `context` outlives this.
  explicit MemberReport(Context& context);

 private:
  void work(const std::stop_token& stop);
  void tell();
  void look_at_clock();

  Context& context_;
  TimePoint next_clock_{};
  std::jthread thread_;  // last
};

}  // namespace sluice::admin
