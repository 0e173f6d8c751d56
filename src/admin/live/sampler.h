// SPDX-License-Identifier: Apache-2.0
// LiveSampler: takes the figures of the live picture period by period, on a thread of its own. It
// only reads what the cores have counted, as /metrics does.
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "admin/caller_slots.h"
#include "admin/live/feed.h"
#include "admin/live/figures.h"
#include "admin/live/reader.h"
#include "base/mutex.h"
#include "base/time.h"

namespace sluice::control {
class Controller;
}

namespace sluice::admin {

class Health;

class LiveSampler {
 public:
  // With the way to the reader, a change is on the page within a second.
  static constexpr std::chrono::milliseconds kPeriod{900};
  static constexpr int kFollowersMax = 64;
  // The pages of a control room may share a user.
  static constexpr int kFollowersOfCallerMax = 56;
  // A follower that takes no byte for so long has left.
  static constexpr std::chrono::seconds kFollowerPatience{10};

  // Requires: `controller` outlives this.
  explicit LiveSampler(const control::Controller& controller);
  ~LiveSampler() = default;
  LiveSampler(const LiveSampler&) = delete;
  LiveSampler& operator=(const LiveSampler&) = delete;

  // Takes samples until destroyed.
  void start(std::shared_ptr<const Health> health);
  // All figures: the members of a JSON object. May block while a sample is taken.
  [[nodiscard]] std::string all() const;
  // The first event of a stream.
  [[nodiscard]] LiveBegin begin() const;
  [[nodiscard]] std::string past(const std::set<std::string, std::less<>>& names) const;
  [[nodiscard]] const std::shared_ptr<LiveFeed>& feed() const { return feed_; }
  [[nodiscard]] const std::shared_ptr<CallerSlots>& followers() const { return followers_; }

 private:
  void work(const std::stop_token& stop);
  void take();

  const control::Controller& controller_;
  std::shared_ptr<const Health> health_;  // set before the thread starts
  const std::shared_ptr<LiveFeed> feed_ = std::make_shared<LiveFeed>();
  const std::shared_ptr<CallerSlots> followers_ = std::make_shared<CallerSlots>(
      CallerSlots::Bounds{.all = kFollowersMax, .of_caller = kFollowersOfCallerMax});
  mutable Mutex mutex_;
  LiveFigures figures_ SLUICE_GUARDED_BY(mutex_);
  TimePoint last_ SLUICE_GUARDED_BY(mutex_);
  std::jthread thread_;  // last
};

}  // namespace sluice::admin
