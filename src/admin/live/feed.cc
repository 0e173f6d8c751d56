// SPDX-License-Identifier: Apache-2.0
#include "admin/live/feed.h"

#include <utility>

namespace sluice::admin {

void LiveFeed::publish(std::uint64_t number, std::string text) {
  const MutexLock lock(mutex_);
  events_.push_back(std::make_shared<const std::string>(std::move(text)));
  if (events_.size() > kBehindMax) events_.pop_front();
  last_ = number;
  for (const auto& [follower, wake] : followers_) wake();
}

Result<LiveFeed::Text> LiveFeed::get(std::uint64_t number) const {
  const MutexLock lock(mutex_);
  if (number > last_) return Text();
  if (number + events_.size() <= last_)
    return fail(ErrorKind::closed, "the follower reads too slowly");
  return events_[static_cast<std::size_t>(number + events_.size() - last_ - 1)];
}

LiveFeed::Follower::Follower(LiveFeed& feed, std::function<void()> wake) : feed_(feed) {
  const MutexLock lock(feed_.mutex_);
  feed_.followers_.emplace(this, std::move(wake));
}

LiveFeed::Follower::~Follower() {
  const MutexLock lock(feed_.mutex_);
  feed_.followers_.erase(this);
}

}  // namespace sluice::admin
