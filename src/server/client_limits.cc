// SPDX-License-Identifier: Apache-2.0
#include "server/client_limits.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <random>

#include "config/ip_prefix.h"

namespace sluice::server {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// A key with this bit is the claim of a core that has not read the other records of the set yet.
constexpr std::uint64_t kClaim = 1;
// Rounds of a core that meets another core's claim for the same address, under a millisecond in
// all. A claim lasts some nanoseconds, unless the system suspends its thread within it; a core that
// gives up then does not count its connection.
constexpr int kClaimTries = 10'000;

std::int64_t nanoseconds(TimePoint when) { return when.time_since_epoch().count(); }

template <class T>
std::atomic_ref<T> shared(T& value) {
  return std::atomic_ref<T>(value);
}

// Mixes the bits of `x`: a permutation of 64 bits in which each input bit affects each output bit.
std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93U;
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93U;
  x ^= x >> 32;
  return x;
}

// IPv4: the 4 bytes, behind a prefix that no IPv6 network has. IPv6: the first 8 bytes.
std::uint64_t network_of(const config::IpAddress& address) {
  std::uint64_t network = 0;
  for (std::size_t i = 0; i < (address.v6 ? 8U : 4U); ++i)
    network = network << 8 | address.bytes[i];
  return address.v6 ? network : network | std::uint64_t{0xffffffff} << 32;
}

std::uint64_t random_secret() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

ClientTable::ClientTable()
    : secret_(random_secret()),
      records_(static_cast<ClientRecord*>(std::calloc(kRecords, sizeof(ClientRecord)))) {}

// Returns 0 if `ip` is not an address.
std::uint64_t ClientTable::key_of(std::string_view ip) const {
  const auto address = config::IpAddress::parse(ip);
  if (!address) return 0;
  const std::uint64_t key = mix(mix(network_of(*address) ^ secret_) + std::rotl(secret_, 17));
  return std::max<std::uint64_t>(key & ~kClaim, 2);
}

ClientTable::ClientRecord* ClientTable::find(std::uint64_t key, TimePoint now) {
  if (key == 0 || !records_) return nullptr;
  const std::span set(&records_[(key / 2 % kSets) * kWays], kWays);
  for (int tries = 0; tries < kClaimTries; ++tries) {
    for (ClientRecord& record : set) {
      if (shared(record.key).load(std::memory_order_acquire) == key) return &record;
    }
    ClientRecord* const record = claim(set, key, now);
    if (record == nullptr) return nullptr;
    // Two cores that claim a record each at the same time both read the other's claim, or one of
    // them does: never do both keep theirs.
    const bool mine = std::ranges::none_of(set, [&](ClientRecord& other) {
      return &other != record && (shared(other.key).load() & ~kClaim) == key;
    });
    shared(record->key).store(mine ? key : 0);
    if (mine) return record;
  }
  return nullptr;
}

ClientTable::ClientRecord* ClientTable::claim(std::span<ClientRecord> set, std::uint64_t key,
                                              TimePoint now) {
  const std::int64_t time = nanoseconds(now);
  for (ClientRecord& record : set) {
    std::uint64_t old = shared(record.key).load();
    const bool used =
        (old & kClaim) != 0 || old == key ||
        std::ranges::any_of(record.counts, [](auto& n) { return shared(n) > 0; }) ||
        std::ranges::any_of(record.due, [&](auto& due) { return shared(due) > time; });
    if (!used && shared(record.key).compare_exchange_strong(old, key | kClaim)) return &record;
  }
  return nullptr;
}

std::optional<ClientTable::Held> ClientTable::take(std::string_view ip, Count count,
                                                   std::uint32_t max, TimePoint now) {
  const std::uint64_t key = key_of(ip);
  while (ClientRecord* const record = find(key, now)) {
    std::uint32_t& mine = record->counts[static_cast<std::size_t>(count)];
    if (shared(mine).fetch_add(1) >= max) {
      shared(mine).fetch_sub(1);
      return std::nullopt;
    }
    // Another core may have replaced the record before it saw the new count.
    if (shared(record->key).load() == key) return Held(&mine);
    shared(mine).fetch_sub(1);
  }
  return Held(nullptr);
}

Duration ClientTable::admit(std::string_view ip, Rate rate, std::uint32_t per_second,
                            TimePoint now) {
  ClientRecord* const record = find(key_of(ip), now);
  if (record == nullptr) return Duration::zero();
  const std::int64_t time = nanoseconds(now);
  const std::int64_t interval = std::max<std::int64_t>(kSecond / per_second, 1);
  const std::int64_t early = interval * (std::int64_t{per_second} - 1);  // the burst
  auto due = shared(record->due[static_cast<std::size_t>(rate)]);
  std::int64_t was = due.load(std::memory_order_relaxed);
  while (true) {
    const std::int64_t wait = was - early - time;
    if (wait > 0) return Duration(wait);
    if (due.compare_exchange_weak(was, std::max(was, time) + interval)) return Duration::zero();
  }
}

ClientTable::Held::~Held() {
  if (count_ != nullptr) shared(*count_).fetch_sub(1);
}

}  // namespace sluice::server
