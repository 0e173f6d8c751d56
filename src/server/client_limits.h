// SPDX-License-Identifier: Apache-2.0
// ClientTable: what the clients of an HTTPServer have and do, by address; an IPv6 client is its /64
// network, as one customer has all of that. Shared by the cores without a lock.
//
// The table has kEntries places in sets of kWays; an address belongs to one set. What is counted is
// exact over all cores as long as an address has an entry. It gets one unless its set is full of
// others that have connections or requests at the moment: then it is not counted, and not refused.
// An entry without connections, requests and recent rates is taken over by the next address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/deleter.h"
#include "base/time.h"

namespace sluice::server {

class ClientTable {
 public:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kSets = 8192;
  static constexpr std::size_t kEntries = kWays * kSets;

  class Client;
  enum class Count : std::uint8_t { connections, streams };
  enum class Rate : std::uint8_t { requests, handshakes };
  // Something counted of a client; given back when this is destroyed.
  class Held;

  ClientTable();
  ClientTable(const ClientTable&) = delete;
  ClientTable& operator=(const ClientTable&) = delete;

  // Any core, all of these. `ip`: an address without port; what is none has no entry.

  // Counts one more. Nothing if the client has `max` already.
  [[nodiscard]] std::optional<Held> take(std::string_view ip, Count count, std::uint32_t max,
                                         TimePoint now);
  // One more of at most `per_second`, of which a second's worth may come at once. Zero: it may
  // come; else how long from now on the next one may.
  [[nodiscard]] Duration admit(std::string_view ip, Rate rate, std::uint32_t per_second,
                               TimePoint now);

 private:
  // Memory that the system gives as zeros, and only where it is used: accessed by std::atomic_ref.
  struct Entry {
    std::uint64_t key;  // 0: free
    std::uint32_t counts[2];
    std::int64_t due[2];  // of the rates: when the next one is to come (GCRA), ns of the clock
  };
  [[nodiscard]] std::uint64_t key_of(std::string_view ip) const;
  [[nodiscard]] Entry* find(std::uint64_t key, TimePoint now);

  const std::uint64_t secret_;  // so that nobody can choose addresses that share a set
  std::unique_ptr<Entry[], Deleter<std::free>> entries_;
};

class ClientTable::Held {
 public:
  Held(Held&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Held& operator=(Held&& other) noexcept {
    std::swap(count_, other.count_);
    return *this;
  }
  ~Held();

 private:
  friend class ClientTable;
  explicit Held(std::uint32_t* count) : count_(count) {}
  std::uint32_t* count_;  // null: not counted
};

}  // namespace sluice::server
