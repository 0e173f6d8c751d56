// SPDX-License-Identifier: Apache-2.0
#include "net/tls/ticket_keys.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace sluice::net {
namespace {

void fill(std::span<unsigned char> bytes) {
  // Without randomness no key is secret, and no sensible recovery exists.
  if (RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
}

TicketKeys::Key make_key(TimePoint now) {
  TicketKeys::Key key{};
  fill(key.name);
  fill(key.cipher);
  fill(key.mac);
  key.since = now;
  return key;
}

constexpr std::size_t kSavedBytes = sizeof(TicketKeys::Key);
static_assert(std::is_trivially_copyable_v<TicketKeys::Key>);

}  // namespace

TicketKeys::TicketKeys()
    : ring_(std::make_shared<const Ring>(Ring{make_key(Clock::now()), std::nullopt})) {}

std::shared_ptr<const TicketKeys::Ring> TicketKeys::ring(TimePoint now) {
  auto ring = ring_.load();
  while (now - ring->newest.since >= kSealsFor) {
    const bool previous_opens = now - ring->newest.since < kSealsFor * 2;
    auto next = std::make_shared<const Ring>(
        Ring{make_key(now), previous_opens ? std::optional(ring->newest) : std::nullopt});
    if (ring_.replace(ring, next)) return next;
  }
  return ring;
}

TicketKeys::Key TicketKeys::current(TimePoint now) { return ring(now)->newest; }

std::optional<TicketKeys::FoundKey> TicketKeys::find(std::span<const unsigned char, 16> name,
                                                     TimePoint now) {
  const auto keys = ring(now);
  if (std::ranges::equal(name, keys->newest.name)) return FoundKey{keys->newest, true};
  const bool previous = keys->previous && std::ranges::equal(name, keys->previous->name) &&
                        now - keys->previous->since < kSealsFor * 2;
  if (previous) return FoundKey{*keys->previous, false};
  return std::nullopt;
}

std::string TicketKeys::save() const {
  const auto ring = ring_.load();
  std::string saved(reinterpret_cast<const char*>(&ring->newest), kSavedBytes);
  if (ring->previous) saved.append(reinterpret_cast<const char*>(&*ring->previous), kSavedBytes);
  return saved;
}

bool TicketKeys::restore(std::string_view saved, TimePoint now) {
  if (saved.size() != kSavedBytes && saved.size() != 2 * kSavedBytes) return false;
  Ring ring{};
  std::memcpy(&ring.newest, saved.data(), kSavedBytes);
  if (saved.size() > kSavedBytes)
    std::memcpy(&ring.previous.emplace(), saved.data() + kSavedBytes, kSavedBytes);
  if (ring.newest.since > now || now - ring.newest.since >= 2 * kSealsFor) return false;
  ring_.store(std::make_shared<const Ring>(ring));
  return true;
}

}  // namespace sluice::net
