// SPDX-License-Identifier: Apache-2.0
#include "filters/rate_limiter/key_table.h"

#include <algorithm>
#include <atomic>
#include <bit>

namespace sluice::filters {
namespace {

// As in server/client_limits.cc: a claim excludes users while a record changes its key.
constexpr std::uint64_t kRecordClaim = 1;
constexpr std::uint64_t kRecordUser = 2;
constexpr std::uint64_t kRecordTag = ~std::uint64_t{0} << 25;
constexpr std::uint64_t kRecordUsers = ~kRecordTag & ~kRecordClaim;
// Rounds of a core that meets another core's claim for the same key.
constexpr int kEnterTries = 10'000;

template <class T>
std::atomic_ref<T> shared_word(T& value) {
  return std::atomic_ref<T>(value);
}

}  // namespace

KeyTable::KeyTable(std::size_t keys)
    : sets_(std::bit_ceil(std::max<std::size_t>(keys / kWays, 1))),
      records_(static_cast<KeyRecord*>(std::calloc(sets_ * kWays, sizeof(KeyRecord)))) {}

void KeyTable::charge(MemoryBudget* budget) {
  const MutexLock lock(mutex_);
  if (charge_) return;
  charge_.emplace(budget, MemoryUse::filter_caches);
  charge_->set(sets_ * kWays * sizeof(KeyRecord));
}

// The low bits choose the set, the high ones are the tag, which is not 0.
std::uint64_t KeyTable::hash_of(std::string_view key) const {
  return std::max(hash_.wide(key), kRecordTag & -kRecordTag);
}

std::span<KeyTable::KeyRecord> KeyTable::set_of(std::uint64_t hash) {
  if (!records_) return {};
  return {&records_[(hash & (sets_ - 1)) * kWays], kWays};
}

bool KeyTable::KeyRecord::is_for(std::uint64_t tag) {
  return (shared_word(state).load() & kRecordTag) == tag;
}

bool KeyTable::KeyRecord::enter(std::uint64_t tag) {
  std::uint64_t now = shared_word(state).load();
  while ((now & kRecordTag) == tag && (now & kRecordClaim) == 0 &&
         (now & kRecordUsers) != kRecordUsers) {
    if (shared_word(state).compare_exchange_weak(now, now + kRecordUser)) return true;
  }
  return false;
}

void KeyTable::KeyRecord::leave() { shared_word(state).fetch_sub(kRecordUser); }

// A user may have come and gone between the first look at the word and the claim, so the second
// look decides. Until then the record is its key's.
bool KeyTable::KeyRecord::claim(std::uint64_t tag, const RatePolicy& policy, Duration elapsed,
                                PeriodsWord first) {
  std::uint64_t now = shared_word(state).load();
  if ((now & ~kRecordTag) != 0 || (now & kRecordTag) == tag) return false;
  if (places_in_use(word, policy, elapsed) != 0) return false;
  if (!shared_word(state).compare_exchange_strong(now, now | kRecordClaim)) return false;
  if (places_in_use(word, policy, elapsed) != 0) {
    shared_word(state).store(now);
    return false;
  }
  shared_word(word).store(first);
  shared_word(state).store(tag | kRecordClaim);
  return true;
}

KeyTable::KeyRecord* KeyTable::find(std::span<KeyRecord> set, std::uint64_t tag) {
  const auto known = std::ranges::find_if(set, [&](KeyRecord& each) { return each.enter(tag); });
  return known != set.end() ? &*known : nullptr;
}

// Two cores that claim a record each for one key both see the other's claim, or one of them does:
// never do both keep theirs.
KeyTable::KeyRecord* KeyTable::enter(std::uint64_t hash, const RatePolicy& policy, Duration elapsed,
                                     PeriodsWord first) {
  const std::uint64_t tag = hash & kRecordTag;
  const std::span<KeyRecord> set = set_of(hash);
  for (int tries = 0; tries < kEnterTries; ++tries) {
    if (KeyRecord* const known = find(set, tag)) return known;
    const auto claimed = std::ranges::find_if(
        set, [&](KeyRecord& each) { return each.claim(tag, policy, elapsed, first); });
    const bool elsewhere = std::ranges::any_of(set, [&](KeyRecord& each) {
      return (claimed == set.end() || &each != &*claimed) && each.is_for(tag);
    });
    if (claimed != set.end()) {
      if (elsewhere) shared_word(claimed->word).store(0);
      shared_word(claimed->state).store(elsewhere ? 0 : tag | kRecordUser);
    }
    if (!elsewhere) return claimed != set.end() ? &*claimed : nullptr;
  }
  return nullptr;
}

void KeyTable::give_back(std::string_view key, const RatePolicy& policy, std::uint64_t cycle,
                         Duration elapsed) {
  const std::uint64_t hash = hash_of(key);
  KeyRecord* const record = find(set_of(hash), hash & kRecordTag);
  if (record == nullptr) return;
  give_back_place(record->word, policy, cycle, elapsed);
  record->leave();
}

std::uint32_t KeyTable::in_use(std::string_view key, const RatePolicy& policy, Duration elapsed) {
  const std::uint64_t hash = hash_of(key);
  KeyRecord* const record = find(set_of(hash), hash & kRecordTag);
  if (record == nullptr) return 0;
  const std::uint32_t used = places_in_use(record->word, policy, elapsed);
  record->leave();
  return used;
}

}  // namespace sluice::filters
