// SPDX-License-Identifier: Apache-2.0
// LiveFeed: the events of the live picture, made once for all who follow it. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/result.h"

namespace sluice::admin {

class LiveFeed {
 public:
  // A follower that is further behind has missed an event. A pause of the process of some seconds
  // ends nobody's stream.
  static constexpr std::size_t kBehindMax = 16;

  using Text = std::shared_ptr<const std::string>;
  // In the order of the numbers, without a gap.
  void publish(std::uint64_t number, std::string text);

  // The event `number`; null if it is still to come. Error `closed`: it is gone.
  [[nodiscard]] Result<Text> get(std::uint64_t number) const;

  // Calls `wake` after each event until the Follower is destroyed. `wake` must not block.
  class Follower {
   public:
    Follower(LiveFeed& feed, std::function<void()> wake);
    ~Follower();
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

   private:
    LiveFeed& feed_;
  };

 private:
  mutable Mutex mutex_;
  std::deque<Text> events_ SLUICE_GUARDED_BY(mutex_);
  std::uint64_t last_ SLUICE_GUARDED_BY(mutex_) = 0;  // the number of the last one
  std::map<const Follower*, std::function<void()>> followers_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::admin
