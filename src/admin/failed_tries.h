// SPDX-License-Identifier: Apache-2.0
// FailedTries: slows down password guessing. An address has a few free wrong tries. Each further
// one blocks the address, for longer each time. Any thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/time.h"

namespace sluice::admin {

class FailedTries {
 public:
  static constexpr int kFreeTries = 5;
  static constexpr Duration kWaitFirst = std::chrono::seconds(1);  // doubles
  static constexpr Duration kWaitMax = std::chrono::minutes(1);
  static constexpr Duration kForgottenAfter = std::chrono::minutes(10);
  static constexpr std::size_t kAddressesMax = 4096;

  // The time that `address` has to wait from `now` on; zero if it may try.
  [[nodiscard]] Duration wait(std::string_view address, TimePoint now) const;
  void add(std::string_view address, TimePoint now);
  // Forgets the wrong tries after a right one.
  void clear(std::string_view address);

 private:
  struct Tries {
    int count = 0;
    TimePoint last{};
    TimePoint closed_until{};
  };
  void make_room(TimePoint now) SLUICE_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Tries, std::less<>> tries_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::admin
