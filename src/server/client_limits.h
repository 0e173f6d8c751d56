// SPDX-License-Identifier: Apache-2.0
// ClientTable: the connections, streams and request rates of an HTTPServer's clients, by address.
// An IPv6 client is its /64 network, since one customer has all of it. The cores share the table
// without a lock.
//
// The table has kRecords records in sets of kWays; an address belongs to one set. The counts of an
// address are exact over all cores as long as it has a record. If all records of the set belong to
// clients with open connections or requests, a further address gets no record: it is not counted,
// and not refused. The next address takes over a record without connections, requests and recent
// rates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/deleter.h"
#include "base/time.h"

namespace sluice::server {

class ClientTable {
 public:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kSets = 8192;
  static constexpr std::size_t kRecords = kWays * kSets;

  enum class Count : std::uint8_t { connections, streams };
  enum class Rate : std::uint8_t { requests, handshakes };
  // One count of a client. Its destructor gives it back.
  class Held;

  ClientTable();
  ClientTable(const ClientTable&) = delete;
  ClientTable& operator=(const ClientTable&) = delete;

  // Any core may call these functions. `ip` is an address without a port; other text has no record.

  // Adds one to the client's count. Returns nothing if the count is `max` already.
  [[nodiscard]] std::optional<Held> take(std::string_view ip, Count count, std::uint32_t max,
                                         TimePoint now);
  // Admits one more request of at most `per_second`; a second's worth may come at once. Returns
  // zero if it is admitted, else the time until the next one would be.
  [[nodiscard]] Duration admit(std::string_view ip, Rate rate, std::uint32_t per_second,
                               TimePoint now);

 private:
  // The counts and rates of one client. Only a user of the record changes them, and a record with
  // users stays its client's. Records are in zeroed pages that the system provides on first use.
  // Access is by std::atomic_ref.
  struct ClientRecord {
    std::uint64_t state;  // tag, number of users, claim; 0: free
    std::uint32_t counts[2];
    std::int64_t due[2];  // by rate: when the next request is due (GCRA), ns of the clock

    [[nodiscard]] bool is_for(std::uint64_t tag);
    // True if requests have come before they were due.
    [[nodiscard]] bool is_early(std::int64_t time);
    // Adds a user. Returns false if the record belongs to another client, or is claimed.
    [[nodiscard]] bool enter(std::uint64_t tag);
    void leave();
    // Claims an unused record of another client. Returns false if it is in use.
    [[nodiscard]] bool claim(std::uint64_t tag, std::int64_t time);
  };
  [[nodiscard]] std::uint64_t key_of(std::string_view ip) const;
  // Returns the client's record, a new one if it has none, with one more user; null if the set has
  // no room.
  // Invariant: an address has at most one record.
  [[nodiscard]] ClientRecord* enter(std::uint64_t key, TimePoint now);
  // Claims a record of `set` that nobody uses. Returns null if there is none.
  [[nodiscard]] static ClientRecord* claim(std::span<ClientRecord> set, std::uint64_t tag,
                                           TimePoint now);

  const std::uint64_t secret_;  // keeps clients from choosing addresses that share a set
  std::unique_ptr<ClientRecord[], Deleter<std::free>> records_;
};

class ClientTable::Held {
 public:
  Held(Held&& other) noexcept
      : record_(std::exchange(other.record_, nullptr)), count_(other.count_) {}
  Held& operator=(Held&& other) noexcept {
    std::swap(record_, other.record_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~Held();

 private:
  friend class ClientTable;
  Held(ClientRecord* record, Count count) : record_(record), count_(count) {}
  ClientRecord* record_;  // null: not counted
  Count count_;
};

}  // namespace sluice::server
