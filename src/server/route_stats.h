// SPDX-License-Identifier: Apache-2.0
// RouteStats: the durations of the requests of an HTTPServer by route, pipeline and class of
// status. Updates keep the counts of the routes that stay. A route is named by its rule; nothing
// that a client sends becomes a name.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "observe/durations.h"
#include "router/rule_spec.h"

namespace sluice::server {

// The requests of one route.
class RouteCounts {
 public:
  RouteCounts(unsigned core_count, std::string route)
      : route_(std::move(route)), durations_(core_count, kClasses) {}
  static constexpr std::size_t kClasses = 5;  // 1xx to 5xx

  // The name of the route, for the log.
  [[nodiscard]] const std::string& route() const { return route_; }
  // On the core's thread.
  void record(unsigned core, int status, Duration duration) {
    durations_.add(core, class_of(status), duration);
  }
  // Any thread. Requires: `status_class` is below kClasses.
  [[nodiscard]] observe::DurationCounts of_class(std::size_t status_class) const {
    return durations_.sum(status_class);
  }

 private:
  static std::size_t class_of(int status) {
    if (status < 100 || status >= 600) return kClasses - 1;
    return static_cast<std::size_t>(status / 100 - 1);
  }
  const std::string route_;
  observe::DurationTable durations_;
};

class RouteStats {
 public:
  // Further routes of a server count together, as kOthers.
  static constexpr std::size_t kRoutesMax = 500;
  static constexpr std::string_view kOthers = "others";
  // The requests that no rule was found for.
  static constexpr std::string_view kNone = "none";

  explicit RouteStats(unsigned core_count)
      : core_count_(core_count), none_(core_count, std::string(kNone)) {}

  struct Key {
    std::string route;
    std::string pipeline;
    std::strong_ordering operator<=>(const Key& other) const = default;
  };
  // The counts of each path of a spec, in its order; paths of one name and pipeline share them.
  // They live as long as the result, or a later one that shares them. Any thread but a worker's.
  using OfPaths = std::vector<std::shared_ptr<RouteCounts>>;
  [[nodiscard]] OfPaths counts_of(const std::vector<router::RuleSpec>& rules);
  [[nodiscard]] RouteCounts& none() { return none_; }
  // Any thread but a worker's: calls `visit` with each key and its counts.
  template <class Visit>
  void each(const Visit& visit) const {
    visit(Key{std::string(kNone), ""}, none_);
    for (const auto& [key, counts] : living()) visit(key, *counts);
  }

 private:
  [[nodiscard]] std::map<Key, std::shared_ptr<RouteCounts>> living() const;

  const unsigned core_count_;
  RouteCounts none_;
  mutable Mutex mutex_;
  std::map<Key, std::weak_ptr<RouteCounts>> known_ SLUICE_GUARDED_BY(mutex_);
};

// The name of a path: its hosts and its text. A prefix ends in *, an expression begins with ~.
[[nodiscard]] std::string route_name(const router::RuleSpec& rule, const router::PathSpec& path);

}  // namespace sluice::server
