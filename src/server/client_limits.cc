// SPDX-License-Identifier: Apache-2.0
#include "server/client_limits.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <random>

#include "config/ip_prefix.h"

namespace sluice::server {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// The state of a record: a tag (which of the clients of the set it belongs to; 0: none), the number
// of its users, and the bit of a claim. A user has a count, or is about to change the record. A
// claim excludes users: a core gives the record to another client.
constexpr std::uint64_t kClaim = 1;
constexpr std::uint64_t kUser = 2;
constexpr std::uint64_t kTag = ~std::uint64_t{0} << 25;
constexpr std::uint64_t kUsers = ~kTag & ~kClaim;
// Rounds of a core that meets another core's claim for the same address, a few milliseconds in all.
// A claim lasts some nanoseconds, unless the system suspends its thread within it; a core that
// gives up then does not count its connection.
constexpr int kClaimTries = 10'000;

std::int64_t nanoseconds(TimePoint when) { return when.time_since_epoch().count(); }

// Accesses are sequentially consistent.
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

// The prefix of the IPv6 form of an IPv4 address (64:ff9b::/96, RFC 6052): a translator speaks for
// the whole IPv4 Internet with one /64 network.
constexpr std::array<std::uint8_t, 12> kTranslatedPrefix{0, 0x64, 0xff, 0x9b};

// IPv4, translated or not: the 4 bytes, behind a prefix that no IPv6 network has. IPv6: the first 8
// bytes.
std::uint64_t network_of(const config::IpAddress& address) {
  std::span<const std::uint8_t> bytes(address.bytes.data(), address.v6 ? 8 : 4);
  if (address.v6 && std::ranges::equal(kTranslatedPrefix, std::span(address.bytes).first<12>()))
    bytes = std::span(address.bytes).last<4>();
  std::uint64_t network = 0;
  for (const std::uint8_t byte : bytes) network = network << 8 | byte;
  return bytes.size() == 8 ? network : network | std::uint64_t{0xffffffff} << 32;
}

std::uint64_t random_secret() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

ClientTable::ClientTable()
    : secret_(random_secret()),
      records_(static_cast<ClientRecord*>(std::calloc(kRecords, sizeof(ClientRecord)))) {}

// Returns 0 if `ip` is not an address. The low bits of another result choose the set, the high ones
// are the tag.
std::uint64_t ClientTable::key_of(std::string_view ip) const {
  const auto address = config::IpAddress::parse(ip);
  if (!address) return 0;
  const std::uint64_t key = mix(mix(network_of(*address) ^ secret_) + std::rotl(secret_, 17));
  return std::max(key, kTag & -kTag);
}

// --- Users of a record

bool ClientTable::ClientRecord::is_for(std::uint64_t tag) {
  return (shared(state).load() & kTag) == tag;
}

bool ClientTable::ClientRecord::is_early(std::int64_t time) {
  return std::ranges::any_of(due, [&](auto& each) { return shared(each).load() > time; });
}

bool ClientTable::ClientRecord::enter(std::uint64_t tag) {
  std::uint64_t now = shared(state).load();
  while ((now & kTag) == tag && (now & kClaim) == 0 && (now & kUsers) != kUsers) {
    if (shared(state).compare_exchange_weak(now, now + kUser)) return true;
  }
  return false;
}

void ClientTable::ClientRecord::leave() { shared(state).fetch_sub(kUser); }

// A user may have come and gone between the first look at the rates and the claim, so the second
// look decides. Meanwhile the record is still its client's: a core that looks for it waits.
bool ClientTable::ClientRecord::claim(std::uint64_t tag, std::int64_t time) {
  std::uint64_t now = shared(state).load();
  if ((now & ~kTag) != 0 || (now & kTag) == tag || is_early(time)) return false;
  if (!shared(state).compare_exchange_strong(now, now | kClaim)) return false;
  const bool unused = !is_early(time);
  shared(state).store(unused ? tag | kClaim : now);
  return unused;
}

ClientTable::ClientRecord* ClientTable::claim(std::span<ClientRecord> set, std::uint64_t tag,
                                              TimePoint now) {
  const std::int64_t time = nanoseconds(now);
  const auto found = std::ranges::find_if(set, [&](auto& each) { return each.claim(tag, time); });
  return found != set.end() ? &*found : nullptr;
}

ClientTable::ClientRecord* ClientTable::enter(std::uint64_t key, TimePoint now) {
  if (key == 0 || !records_) return nullptr;
  const std::uint64_t tag = key & kTag;
  const std::span set(&records_[key % kSets * kWays], kWays);
  for (int tries = 0; tries < kClaimTries; ++tries) {
    const auto known = std::ranges::find_if(set, [&](auto& each) { return each.enter(tag); });
    if (known != set.end()) return &*known;
    ClientRecord* const claimed = claim(set, tag, now);
    // Two cores that claim a record each at the same time both read the other's claim, or one of
    // them does: never do both keep theirs.
    const bool elsewhere = std::ranges::any_of(
        set, [&](ClientRecord& each) { return &each != claimed && each.is_for(tag); });
    if (claimed != nullptr) shared(claimed->state).store(elsewhere ? 0 : tag | kUser);
    if (!elsewhere) return claimed;
  }
  return nullptr;
}

std::optional<ClientTable::Held> ClientTable::take(std::string_view ip, Count count,
                                                   std::uint32_t max, TimePoint now) {
  ClientRecord* const record = enter(key_of(ip), now);
  if (record == nullptr) return Held(nullptr, count);
  auto taken = shared(record->counts[static_cast<std::size_t>(count)]);
  std::uint32_t was = taken.load();
  while (was < max) {
    if (taken.compare_exchange_weak(was, was + 1)) return Held(record, count);
  }
  record->leave();
  return std::nullopt;
}

Duration ClientTable::admit(std::string_view ip, Rate rate, std::uint32_t per_second,
                            TimePoint now) {
  ClientRecord* const record = enter(key_of(ip), now);
  if (record == nullptr) return Duration::zero();
  const std::int64_t time = nanoseconds(now);
  const std::int64_t interval = std::max<std::int64_t>(kSecond / per_second, 1);
  const std::int64_t early = interval * (std::int64_t{per_second} - 1);  // the burst
  auto due = shared(record->due[static_cast<std::size_t>(rate)]);
  std::int64_t was = due.load();
  std::int64_t wait = was - early - time;
  while (wait <= 0 && !due.compare_exchange_weak(was, std::max(was, time) + interval))
    wait = was - early - time;
  record->leave();
  return Duration(std::max<std::int64_t>(wait, 0));
}

ClientTable::Held::~Held() {
  if (record_ == nullptr) return;
  shared(record_->counts[static_cast<std::size_t>(count_)]).fetch_sub(1);
  record_->leave();
}

}  // namespace sluice::server
