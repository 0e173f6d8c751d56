// SPDX-License-Identifier: Apache-2.0
// KeyTable: a limit for each of many keys, such as users. The cores share it without a lock.
//
// A key has two sets of kWays records, and takes one in the emptier set. A record whose places are
// all free goes to the next key that needs one. There is room for twice as many keys as may take
// their first place in a period; further keys are refused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include "base/deleter.h"
#include "base/memory_budget.h"
#include "base/mutex.h"
#include "filters/rate_limiter/periods.h"
#include "store/hash.h"

namespace sluice::filters {

class KeyTable {
 public:
  static constexpr std::size_t kWays = 8;

  // `keys`: that may take their first place in a period. Requires: at most kPlacesMax.
  explicit KeyTable(std::size_t keys);
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  // Counts the memory of the table in the budget, at the first call. Takes a lock: not for
  // requests.
  void charge(MemoryBudget* budget);

  // Any core may call these functions. See take_place(). Refuses if there is no room for the key.
  [[nodiscard]] Verdict take(std::string_view key, const RatePolicy& policy, Duration elapsed);
  void give_back(std::string_view key, const RatePolicy& policy, std::uint64_t cycle,
                 Duration elapsed);
  [[nodiscard]] std::uint32_t in_use(std::string_view key, const RatePolicy& policy,
                                     Duration elapsed);

 private:
  // Only a user of a record changes its word, and a record with users stays its key's.
  struct KeyRecord {
    std::uint64_t state;  // tag of the key, number of users, two marks; 0: free
    PeriodsWord word;

    [[nodiscard]] bool is_for(std::uint64_t tag);
    // Adds a user. Returns false if the record belongs to another key, or is claimed.
    [[nodiscard]] bool enter(std::uint64_t tag);
    void leave();
    // Claims a record without users and places, for another key.
    [[nodiscard]] bool claim(std::uint64_t tag, const RatePolicy& policy, Duration elapsed);
    // Excludes other users from take_first(). Returns false if one of them does not end.
    [[nodiscard]] bool begin_first();
    void end_first();
  };
  // The records of both sets of a key; each one twice if the sets are one.
  using Choice = std::array<KeyRecord*, 2 * kWays>;

  [[nodiscard]] std::uint64_t hash_of(std::string_view key) const;
  [[nodiscard]] Choice choice_of(std::uint64_t hash);
  [[nodiscard]] static KeyRecord* find(const Choice& choice, std::uint64_t tag);
  // Returns the key's record with one more user, or null.
  // Invariant: a key has at most one record.
  [[nodiscard]] KeyRecord* enter(std::uint64_t hash, const RatePolicy& policy, Duration elapsed);
  // The first place of a key in its period needs a place among the keys.
  [[nodiscard]] Verdict take_first(KeyRecord& record, const RatePolicy& policy, Duration elapsed);

  const std::uint32_t keys_;
  const std::size_t sets_;
  const store::Hash hash_;
  std::unique_ptr<KeyRecord[], Deleter<std::free>> records_;  // pages come on first use
  PeriodsWord keys_word_ = 0;  // the keys that have taken their first place in the period
  Mutex mutex_;
  std::optional<SharedMemoryCharge> charge_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::filters
