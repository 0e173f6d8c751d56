// SPDX-License-Identifier: Apache-2.0
// ChangeRetries: the tries of one change of the stored documents, while other members are first
// each time. They are bounded in time and not in number: a member far from etcd loses more of them.
#pragma once

#include <optional>
#include <random>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "store/store.h"

namespace sluice::control {

// Of one thread.
class ChangeRetries {
 public:
  static constexpr Duration kMax = std::chrono::seconds(10);  // from the first try to the last one
  static constexpr Duration kPauseMin = std::chrono::milliseconds(1);
  static constexpr Duration kPauseMax = std::chrono::milliseconds(200);

  explicit ChangeRetries(TimePoint begin = Clock::now()) : end_(begin + kMax) {}

  // After a try that came second: when the next one begins, by chance, so that members do not meet
  // again. Nullopt: the time is up.
  [[nodiscard]] std::optional<TimePoint> next(TimePoint now);
  // Waits for that. `changed` is notified when nothing is to be changed any more. False: the time
  // is up.
  [[nodiscard]] bool wait(Mutex& mutex, Condition& changed) SLUICE_REQUIRES(mutex);

 private:
  TimePoint end_;
  Duration pause_ = kPauseMin;
  std::minstd_rand random_{std::random_device{}()};
};

// While a shared store is in trouble, it may have lost what this member has, and a caller whose
// change changes nothing must not hear that all is stored. Error `unavailable`, with the store's
// own words: the document, which every change puts, does not have that version (0: is not there),
// or cannot be read.
[[nodiscard]] Result<void> confirm_unchanged(store::Store& store, std::string_view collection,
                                             std::string_view key, store::Version version);

}  // namespace sluice::control
