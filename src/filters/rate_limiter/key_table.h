// SPDX-License-Identifier: Apache-2.0
// KeyTable: a limit for each of many keys, such as users. The cores share it without a lock.
//
// A key belongs to one set of kWays records. A record whose places are all free goes to the next
// key that needs one. If no record of its set is free, a key has none, and its requests are
// refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
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

  // For at least `keys` keys at a time.
  explicit KeyTable(std::size_t keys);
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  // Counts the memory of the table in the budget, at the first call. Takes a lock: not for
  // requests.
  void charge(MemoryBudget* budget);

  // Any core may call these functions. See take_place(). `first` returns the word of a key that has
  // no record yet. Refuses if there is no room for the key.
  template <class First>
  [[nodiscard]] Verdict take(std::string_view key, const RatePolicy& policy, Duration elapsed,
                             const First& first) {
    KeyRecord* const record = enter(hash_of(key), policy, elapsed, first());
    if (record == nullptr) return {.wait = policy.period, .reset = policy.period};
    const Verdict verdict = take_place(record->word, policy, elapsed);
    record->leave();
    return verdict;
  }
  void give_back(std::string_view key, const RatePolicy& policy, std::uint64_t cycle,
                 Duration elapsed);
  [[nodiscard]] std::uint32_t in_use(std::string_view key, const RatePolicy& policy,
                                     Duration elapsed);

 private:
  // Only a user of a record changes its word, and a record with users stays its key's.
  struct KeyRecord {
    std::uint64_t state;  // tag of the key, number of users, claim; 0: free
    PeriodsWord word;

    [[nodiscard]] bool is_for(std::uint64_t tag);
    // Adds a user. Returns false if the record belongs to another key, or is claimed.
    [[nodiscard]] bool enter(std::uint64_t tag);
    void leave();
    // Claims a record without users and places, for another key. Its word is `first` then.
    [[nodiscard]] bool claim(std::uint64_t tag, const RatePolicy& policy, Duration elapsed,
                             PeriodsWord first);
  };
  [[nodiscard]] std::uint64_t hash_of(std::string_view key) const;
  [[nodiscard]] std::span<KeyRecord> set_of(std::uint64_t hash);
  [[nodiscard]] static KeyRecord* find(std::span<KeyRecord> set, std::uint64_t tag);
  // Returns the key's record with one more user, or null.
  // Invariant: a key has at most one record.
  [[nodiscard]] KeyRecord* enter(std::uint64_t hash, const RatePolicy& policy, Duration elapsed,
                                 PeriodsWord first);

  const std::size_t sets_;
  const store::Hash hash_;
  std::unique_ptr<KeyRecord[], Deleter<std::free>> records_;  // pages come on first use
  Mutex mutex_;
  std::optional<SharedMemoryCharge> charge_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::filters
