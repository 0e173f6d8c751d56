// SPDX-License-Identifier: Apache-2.0
// The part of a reload of all members that changes the objects in force.
#include "control/changes.h"

#include "control/code_history.h"

namespace sluice::control {

Result<std::map<std::string, store::Version>> Changes::swap(std::vector<ObjectUpdate> updates,
                                                            const Announcement* announcement) {
  const MutexLock hold(mutex_);
  if (ending_) return stopping();
  const Announcement* ends = announcement;
  for (ChangeRetries retries;;) {
    drop_stale(updates);
    std::vector<ObjectToSave> pinned;
    for (auto& [before, after] : updates) {
      after = with_history(after, before.get(), after->change);
      pinned.push_back({after, before});
    }
    const auto saved = stored_.save_pins(pinned, ends);
    if (!saved) {
      if (!saved.error().mismatch) return std::unexpected<Error>(saved.error());
      (void)may_try_again(saved.error());
      if (!retries.wait(mutex_, ended_)) return std::unexpected<Error>(saved.error());
      if (ending_) return stopping();
      // The announcement was taken for stale.
      const auto current = stored_.announcement();
      if (ends != nullptr && (!current || current->id != ends->id)) ends = nullptr;
      continue;
    }
    std::map<std::string, store::Version> swapped;
    Objects next = publisher_.objects();
    for (const auto& [before, after] : updates) {
      auto stored = std::make_shared<Object>(*after);
      set_versions(*stored, before.get(), *saved);
      swapped[stored->name] = stored->pins_version;
      next.insert_or_assign(stored->name, std::move(stored));
    }
    if (!swapped.empty()) publish(std::move(next));
    return swapped;
  }
}

void Changes::expect_candidates(const std::string& announcement) {
  Objects dropped;  // outlives the lock
  const MutexLock hold(mutex_);
  candidates_of_ = announcement;
  candidates_.swap(dropped);
}

void Changes::offer_candidate(const std::string& announcement,
                              std::shared_ptr<const Object> built) {
  const MutexLock hold(mutex_);
  if (announcement != candidates_of_) return;
  candidates_.insert_or_assign(built->name, std::move(built));
}

void Changes::adopt_candidates(Objects& next) {
  std::erase_if(candidates_, [&next](const auto& entry) {
    const auto& [name, candidate] = entry;
    const auto found = next.find(name);
    if (found == next.end()) return false;
    const Object& wanted = *found->second;
    const bool same = candidate->version == wanted.version && candidate->pins == wanted.pins;
    if (wanted.is_current() || !same) return false;
    auto adopted = std::make_shared<Object>(*candidate);
    adopted->pins_version = wanted.pins_version;
    adopted->history = wanted.history;
    adopted->history_version = wanted.history_version;
    found->second = std::move(adopted);
    return true;
  });
}

}  // namespace sluice::control
