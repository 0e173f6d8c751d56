// SPDX-License-Identifier: Apache-2.0
#include "wasm/wasi_poll.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "wasm/wasi_error.h"
#include "wasm/wasi_types.h"

namespace sluice::wasm {
namespace {

// WASI preview 1: witx, typenames.
constexpr std::size_t kSubscriptionSize = 48;
constexpr std::size_t kEventSize = 32;
constexpr std::uint16_t kBadDescriptor = code(WasiError::badf);
constexpr std::uint16_t kInvalid = code(WasiError::inval);
constexpr unsigned char kClock = 0;
constexpr unsigned char kRead = 1;
constexpr std::uint16_t kAbsolute = 1;
constexpr std::uint16_t kHangUp = 1;

constexpr std::uint32_t kSubscriptionsMax = 64;
// Longer than any deadline.
constexpr std::uint64_t kSleepMaxNs = 3'600'000'000'000;

struct Subscription {
  std::uint64_t user_data = 0;
  unsigned char kind = 0;
  std::uint32_t what = 0;     // the clock, or the descriptor
  std::uint64_t timeout = 0;  // nanoseconds
  std::uint16_t flags = 0;
};

struct WasiEvent {
  std::uint64_t user_data;
  std::uint16_t error;
  unsigned char kind;
  std::uint16_t flags;
};

template <class T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

Subscription parse(const char* at) {
  return {load<std::uint64_t>(at), static_cast<unsigned char>(at[8]), load<std::uint32_t>(at + 16),
          load<std::uint64_t>(at + 24), load<std::uint16_t>(at + 40)};
}

std::array<char, kEventSize> spell(const WasiEvent& event) {
  std::array<char, kEventSize> bytes{};
  std::memcpy(bytes.data(), &event.user_data, sizeof event.user_data);
  std::memcpy(bytes.data() + 8, &event.error, sizeof event.error);
  bytes[10] = static_cast<char>(event.kind);
  std::memcpy(bytes.data() + 24, &event.flags, sizeof event.flags);
  return bytes;
}

std::uint64_t nanoseconds(auto since) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since.time_since_epoch()).count());
}

// How long from now; 0 if it is over.
std::uint64_t wait_of(const Subscription& clock) {
  if ((clock.flags & kAbsolute) == 0) return clock.timeout;
  const std::uint64_t now = clock.what == kRealtime ? nanoseconds(std::chrono::system_clock::now())
                                                    : nanoseconds(std::chrono::steady_clock::now());
  return clock.timeout - std::min(clock.timeout, now);
}

// The event if the subscription has one now; else `wait` is how long it will take.
std::optional<WasiEvent> event_of(const Subscription& wanted, std::uint64_t& wait) {
  WasiEvent event{wanted.user_data, kSuccess, wanted.kind, 0};
  if (wanted.kind == kClock) {
    if (wanted.what != kRealtime && wanted.what != kMonotonic) {
      event.error = kInvalid;
      return event;
    }
    wait = wait_of(wanted);
    return wait == 0 ? std::optional(event) : std::nullopt;
  }
  if (wanted.kind == kRead && wanted.what == 0) {
    event.flags = kHangUp;
  } else if (wanted.kind == kRead || (wanted.what != 1 && wanted.what != 2)) {
    event.error = kBadDescriptor;
  }
  return event;
}

struct Due {
  std::vector<WasiEvent> events;
  std::uint64_t wait = 0;  // without events now: until these
};

Due due(std::span<const char> subscriptions) {
  Due found;
  std::vector<WasiEvent> later;
  std::uint64_t shortest = kSleepMaxNs;
  for (std::size_t at = 0; at < subscriptions.size(); at += kSubscriptionSize) {
    const Subscription wanted = parse(subscriptions.data() + at);
    std::uint64_t wait = 0;
    if (const auto event = event_of(wanted, wait)) {
      found.events.push_back(*event);
      continue;
    }
    if (wait < shortest) later.clear();
    if (wait <= shortest) later.push_back({wanted.user_data, kSuccess, kClock, 0});
    shortest = std::min(shortest, wait);
  }
  if (!found.events.empty()) return found;
  return {std::move(later), shortest};
}

}  // namespace

Result<std::int32_t> wasi_poll_oneoff(HostCall& call, GuestMemory memory, std::uint32_t from,
                                      std::uint32_t to, std::uint32_t count,
                                      std::uint32_t number_at) {
  if (count == 0) return kInvalid;
  if (count > kSubscriptionsMax) {
    return fail(ErrorKind::invalid, "the guest waits for " + std::to_string(count) +
                                        " things at once, at most " +
                                        std::to_string(kSubscriptionsMax) + " are allowed");
  }
  SLUICE_TRY(const std::span<char> subscriptions, memory.at(from, count * kSubscriptionSize));
  const Due found = due(subscriptions);
  SLUICE_TRY(const std::span<char> events, memory.at(to, found.events.size() * kEventSize));
  for (std::size_t i = 0; i < found.events.size(); ++i) {
    const auto bytes = spell(found.events[i]);
    std::memcpy(events.data() + i * kEventSize, bytes.data(), bytes.size());
  }
  SLUICE_CHECK(memory.write(number_at, static_cast<std::uint32_t>(found.events.size())));
  if (found.wait == 0) return kSuccess;
  const TimePoint until =
      Clock::now() + std::chrono::nanoseconds(static_cast<std::int64_t>(found.wait));
  if (call.sleep_until(until)) return kSuccess;
  return fail(ErrorKind::invalid, "the guest tried to sleep while the host called it");
}

}  // namespace sluice::wasm
