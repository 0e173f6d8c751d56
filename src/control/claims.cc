// SPDX-License-Identifier: Apache-2.0
#include "control/claims.h"

#include <algorithm>

namespace sluice::control {
namespace {

bool share_one(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::ranges::any_of(
      a, [&b](const std::string& name) { return std::ranges::find(b, name) != b.end(); });
}

}  // namespace

bool Claims::is_first(ClaimedList::const_iterator claimed) const {
  return std::none_of(list_.begin(), claimed, [&claimed](const Claimed& earlier) {
    return share_one(earlier.names, claimed->names);
  });
}

Claims::Claim Claims::take(std::vector<std::string> names) {
  const MutexLock lock(mutex_);
  const auto claimed = list_.insert(list_.end(), Claimed{std::move(names), false});
  if (ended_) claimed->stop.request_stop();
  for (auto earlier = list_.begin(); earlier != claimed; ++earlier) {
    if (earlier->background && share_one(earlier->names, claimed->names))
      earlier->stop.request_stop();
  }
  while (!is_first(claimed)) freed_.wait(mutex_);
  return {*this, claimed};
}

std::optional<Claims::Claim> Claims::try_take(const std::string& name) {
  const MutexLock lock(mutex_);
  const auto claimed = list_.insert(list_.end(), Claimed{{name}, true});
  if (!ended_ && is_first(claimed)) return Claim(*this, claimed);
  list_.erase(claimed);
  return std::nullopt;
}

void Claims::end() {
  const MutexLock lock(mutex_);
  ended_ = true;
  for (Claimed& claimed : list_) claimed.stop.request_stop();
}

bool Claims::has_ended() const {
  const MutexLock lock(mutex_);
  return ended_;
}

void Claims::release(ClaimedList::iterator claimed) {
  {
    const MutexLock lock(mutex_);
    list_.erase(claimed);
  }
  freed_.notify_all();
}

}  // namespace sluice::control
