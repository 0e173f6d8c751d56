// SPDX-License-Identifier: Apache-2.0
#include "control/change_retries.h"

#include <algorithm>
#include <string>

namespace sluice::control {

std::optional<TimePoint> ChangeRetries::next(TimePoint now) {
  if (now >= end_) return std::nullopt;
  std::uniform_int_distribution<Duration::rep> chance(0, pause_.count());
  pause_ = std::min(pause_ * 2, kPauseMax);
  return std::min(now + Duration(chance(random_)), end_);
}

bool ChangeRetries::wait(Mutex& mutex, Condition& changed) {
  const auto until = next(Clock::now());
  if (!until) return false;
  (void)changed.wait_until(mutex, *until);
  return true;
}

Result<void> confirm_unchanged(store::Store& store, std::string_view collection,
                               std::string_view key, store::Version version) {
  if (!store.is_shared()) return {};
  const std::string trouble = store.health();
  if (trouble.empty()) return {};
  const auto stored = store.documents(collection);
  if (stored) {
    const auto found = std::ranges::find(stored->entries, key, &store::Document::key);
    if ((found != stored->entries.end() ? found->version : 0) == version) return {};
  }
  return fail(
      ErrorKind::unavailable,
      "this changes nothing against what this member knows, and the store cannot confirm it: " +
          trouble);
}

}  // namespace sluice::control
