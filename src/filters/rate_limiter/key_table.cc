// SPDX-License-Identifier: Apache-2.0
#include "filters/rate_limiter/key_table.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <random>

namespace sluice::filters {
namespace {

// As in server/client_limits.cc: a claim excludes users while a record changes its key.
constexpr std::uint64_t kRecordClaim = 1;
constexpr std::uint64_t kRecordUser = 2;
constexpr std::uint64_t kRecordTag = ~std::uint64_t{0} << 25;
constexpr std::uint64_t kRecordUsers = ~kRecordTag & ~kRecordClaim;
// Rounds of a core that meets another core's claim for the same key.
constexpr int kEnterTries = 10'000;

std::uint64_t random_word() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

// SipHash-1-3: an attacker who does not know the secret cannot find keys of one hash.
class SipHash {
 public:
  SipHash(std::uint64_t k0, std::uint64_t k1)
      : v_{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
           k1 ^ 0x7465646279746573} {}

  std::uint64_t operator()(std::string_view text) {
    const std::uint64_t size = text.size();
    for (; text.size() >= sizeof(std::uint64_t); text.remove_prefix(sizeof(std::uint64_t)))
      add(word_of(text.substr(0, sizeof(std::uint64_t))));
    add(word_of(text) | size << 56);
    v_[2] ^= 0xff;
    for (int i = 0; i < 3; ++i) round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

 private:
  static std::uint64_t word_of(std::string_view bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    return word;
  }
  void add(std::uint64_t word) {
    v_[3] ^= word;
    round();
    v_[0] ^= word;
  }
  void round() {
    v_[0] += v_[1];
    v_[2] += v_[3];
    v_[1] = std::rotl(v_[1], 13) ^ v_[0];
    v_[3] = std::rotl(v_[3], 16) ^ v_[2];
    v_[0] = std::rotl(v_[0], 32) + v_[3];
    v_[2] += v_[1];
    v_[3] = std::rotl(v_[3], 21) ^ v_[0];
    v_[1] = std::rotl(v_[1], 17) ^ v_[2];
    v_[2] = std::rotl(v_[2], 32);
  }
  std::uint64_t v_[4];
};

template <class T>
std::atomic_ref<T> shared_word(T& value) {
  return std::atomic_ref<T>(value);
}

}  // namespace

KeyTable::KeyTable(std::size_t keys)
    : sets_(std::bit_ceil(std::max<std::size_t>(keys / kWays, 1))),
      secret_{random_word(), random_word()},
      records_(static_cast<KeyRecord*>(std::calloc(sets_ * kWays, sizeof(KeyRecord)))) {}

// The low bits choose the set, the high ones are the tag, which is not 0.
std::uint64_t KeyTable::hash_of(std::string_view key) const {
  return std::max(SipHash(secret_[0], secret_[1])(key), kRecordTag & -kRecordTag);
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

// A user may have come and gone between the first look at the word and the claim, so the second look
// decides. Until then the record is its key's.
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
