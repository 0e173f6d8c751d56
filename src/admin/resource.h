// SPDX-License-Identifier: Apache-2.0
// A resource of the API: its routes, and the objects on which it works. Each resource is a .cc with
// its header. The list in api.cc is complete.
#pragma once

#include <atomic>
#include <chrono>
#include <initializer_list>
#include <memory>

#include "admin/caller_slots.h"
#include "admin/clocks.h"
#include "admin/member_link.h"
#include "admin/options.h"
#include "admin/router.h"
#include "base/json.h"
#include "base/log.h"
#include "base/published.h"

namespace sluice::control {
class Controller;
}

namespace sluice::admin {

class LiveSampler;

// Outlives the router.
struct Context {
  static constexpr int kLogFollowersMax = 32;
  static constexpr int kLogFollowersOfCallerMax = 28;

  Options options;  // as of the start
  Published<Json> start_options;
  Logger logger;
  control::Controller& controller;
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  const std::shared_ptr<CallerSlots> log_followers = std::make_shared<CallerSlots>(
      CallerSlots::Bounds{.all = kLogFollowersMax, .of_caller = kLogFollowersOfCallerMax});
  std::atomic<int> restores = 0;       // restorations of a backup in progress
  std::unique_ptr<MemberLink> link{};  // null: the store is not shared
  std::shared_ptr<LiveSampler> live{};
  Published<ClockReading> clock{};  // of this member in its cluster; null: not known
  Published<std::string> clock_warning{};
  std::atomic<bool> lacks_cluster_addr = false;  // and there are other members
};

// One route: answers on a thread that may block.
struct Resource {
  const char* method;
  const char* pattern;
  Result<ApiResponse> (*answer)(Context& context, const ApiRequest& request,
                                const PathNames& names);
  Declaration about;
};
inline void add(ApiRouter& router, Context& context, const char* group,
                std::initializer_list<Resource> resources) {
  for (const Resource& each : resources) {
    router.add({.group = group,
                .method = each.method,
                .pattern = each.pattern,
                .handler = [&context, answer = each.answer](
                               const ApiRequest& request,
                               const PathNames& names) { return answer(context, request, names); },
                .about = each.about});
  }
}

}  // namespace sluice::admin
