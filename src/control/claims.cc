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

bool Claims::is_first(Entries::const_iterator entry) const {
  return std::none_of(entries_.begin(), entry, [&entry](const Entry& earlier) {
    return share_one(earlier.names, entry->names);
  });
}

Claims::Claim Claims::take(std::vector<std::string> names) {
  const MutexLock lock(mutex_);
  const auto entry = entries_.insert(entries_.end(), Entry{std::move(names), false});
  if (ended_) entry->stop.request_stop();
  for (auto earlier = entries_.begin(); earlier != entry; ++earlier) {
    if (earlier->background && share_one(earlier->names, entry->names))
      earlier->stop.request_stop();
  }
  while (!is_first(entry)) freed_.wait(mutex_);
  return {*this, entry};
}

std::optional<Claims::Claim> Claims::try_take(const std::string& name) {
  const MutexLock lock(mutex_);
  const auto entry = entries_.insert(entries_.end(), Entry{{name}, true});
  if (!ended_ && is_first(entry)) return Claim(*this, entry);
  entries_.erase(entry);
  return std::nullopt;
}

void Claims::end() {
  const MutexLock lock(mutex_);
  ended_ = true;
  for (Entry& entry : entries_) entry.stop.request_stop();
}

void Claims::release(Entries::iterator entry) {
  {
    const MutexLock lock(mutex_);
    entries_.erase(entry);
  }
  freed_.notify_all();
}

}  // namespace sluice::control
