// SPDX-License-Identifier: Apache-2.0
#include "filters/rate_limiter/key_table.h"

#include <algorithm>
#include <atomic>
#include <bit>

namespace sluice::filters {
namespace {

// As in server/client_limits.cc: a claim excludes users while a record changes its key.
constexpr std::uint64_t kRecordClaim = 1;
constexpr std::uint64_t kRecordFirst = 2;  // a user takes the first place of a period
constexpr std::uint64_t kRecordUser = 4;
constexpr std::uint64_t kRecordTag = ~std::uint64_t{0} << 25;
constexpr std::uint64_t kRecordUsers = ~kRecordTag & ~(kRecordClaim | kRecordFirst);
// Records for each key. With two sets to choose from, these are enough for all keys to find one.
constexpr std::size_t kRoom = 2;
// Rounds of a core that meets another core's claim for the same key.
constexpr int kEnterTries = 10'000;

template <class T>
std::atomic_ref<T> shared_word(T& value) {
  return std::atomic_ref<T>(value);
}

}  // namespace

KeyTable::KeyTable(std::size_t keys)
    : keys_(static_cast<std::uint32_t>(keys)),
      sets_(std::bit_ceil(std::max<std::size_t>(kRoom * keys / kWays, 1))),
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

// The second set depends on the first and the tag, so two keys meet only if both are equal.
KeyTable::Choice KeyTable::choice_of(std::uint64_t hash) {
  const std::uint64_t first = hash & (sets_ - 1);
  const std::uint64_t second = (first ^ (hash / (kRecordTag & -kRecordTag))) & (sets_ - 1);
  Choice choice;
  for (std::size_t way = 0; way < kWays; ++way) {
    choice[way] = &records_[first * kWays + way];
    choice[kWays + way] = &records_[second * kWays + way];
  }
  return choice;
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
bool KeyTable::KeyRecord::claim(std::uint64_t tag, const RatePolicy& policy, Duration elapsed) {
  std::uint64_t now = shared_word(state).load();
  if ((now & ~kRecordTag) != 0 || (now & kRecordTag) == tag) return false;
  if (places_in_use(word, policy, elapsed) != 0) return false;
  if (!shared_word(state).compare_exchange_strong(now, now | kRecordClaim)) return false;
  if (places_in_use(word, policy, elapsed) != 0) {
    shared_word(state).store(now);
    return false;
  }
  shared_word(word).store(0);
  shared_word(state).store(tag | kRecordClaim);
  return true;
}

bool KeyTable::KeyRecord::begin_first() {
  for (int tries = 0; tries < kEnterTries; ++tries) {
    if ((shared_word(state).fetch_or(kRecordFirst) & kRecordFirst) == 0) return true;
  }
  return false;
}

void KeyTable::KeyRecord::end_first() { shared_word(state).fetch_and(~kRecordFirst); }

KeyTable::KeyRecord* KeyTable::find(const Choice& choice, std::uint64_t tag) {
  const auto known =
      std::ranges::find_if(choice, [&](KeyRecord* each) { return each->enter(tag); });
  return known != choice.end() ? *known : nullptr;
}

// Two cores that claim a record each for one key both see the other's claim, or one of them does:
// never do both keep theirs.
KeyTable::KeyRecord* KeyTable::enter(std::uint64_t hash, const RatePolicy& policy,
                                     Duration elapsed) {
  const std::uint64_t tag = hash & kRecordTag;
  Choice choice = choice_of(hash);
  const auto is_free = [&](KeyRecord* each) {
    return places_in_use(each->word, policy, elapsed) == 0;
  };
  for (int tries = 0; tries < kEnterTries; ++tries) {
    if (KeyRecord* const known = find(choice, tag)) return known;
    const auto middle = choice.begin() + kWays;
    if (std::count_if(middle, choice.end(), is_free) >
        std::count_if(choice.begin(), middle, is_free))
      std::swap_ranges(choice.begin(), middle, middle);
    const auto found = std::ranges::find_if(
        choice, [&](KeyRecord* each) { return each->claim(tag, policy, elapsed); });
    KeyRecord* const claimed = found != choice.end() ? *found : nullptr;
    const bool elsewhere = std::ranges::any_of(
        choice, [&](KeyRecord* each) { return each != claimed && each->is_for(tag); });
    if (claimed != nullptr) shared_word(claimed->state).store(elsewhere ? 0 : tag | kRecordUser);
    if (!elsewhere) return claimed;
  }
  return nullptr;
}

// Beside a user that does not end, because its thread does not run, a key may count twice: fewer
// keys find room in the period, and never more.
Verdict KeyTable::take_first(KeyRecord& record, const RatePolicy& policy, Duration elapsed) {
  const bool alone = record.begin_first();
  Verdict verdict{.wait = policy.period, .reset = policy.period};
  const RatePolicy keys{.period = policy.period, .limit = keys_};
  const bool counted = alone && places_in_use(record.word, policy, elapsed) != 0;
  if (counted || take_place(keys_word_, keys, elapsed).admitted)
    verdict = take_place(record.word, policy, elapsed);
  if (alone) record.end_first();
  return verdict;
}

Verdict KeyTable::take(std::string_view key, const RatePolicy& policy, Duration elapsed) {
  KeyRecord* const record = records_ ? enter(hash_of(key), policy, elapsed) : nullptr;
  if (record == nullptr) return {.wait = policy.period, .reset = policy.period};
  const Verdict verdict = places_in_use(record->word, policy, elapsed) != 0
                              ? take_place(record->word, policy, elapsed)
                              : take_first(*record, policy, elapsed);
  record->leave();
  return verdict;
}

void KeyTable::give_back(std::string_view key, const RatePolicy& policy, std::uint64_t cycle,
                         Duration elapsed) {
  const std::uint64_t hash = hash_of(key);
  KeyRecord* const record = records_ ? find(choice_of(hash), hash & kRecordTag) : nullptr;
  if (record == nullptr) return;
  give_back_place(record->word, policy, cycle, elapsed);
  record->leave();
}

std::uint32_t KeyTable::in_use(std::string_view key, const RatePolicy& policy, Duration elapsed) {
  const std::uint64_t hash = hash_of(key);
  KeyRecord* const record = records_ ? find(choice_of(hash), hash & kRecordTag) : nullptr;
  if (record == nullptr) return 0;
  const std::uint32_t used = places_in_use(record->word, policy, elapsed);
  record->leave();
  return used;
}

}  // namespace sluice::filters
