// SPDX-License-Identifier: Apache-2.0
// TicketKeys: the keys that seal session tickets (RFC 5077, RFC 8446 section 4.6.1). All cores and
// all certificates share them, so that a client may resume on any of them. A key seals for an hour
// and opens for one more. Then it is erased, which protects the sessions of its tickets.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/published.h"
#include "base/time.h"

namespace sluice::net {

// Any thread.
class TicketKeys {
 public:
  // The cipher's key is for AES-256, that of the MAC for HMAC-SHA-256.
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
    TimePoint since;
  };
  struct FoundKey {
    Key key;
    bool newest;
  };
  static constexpr Duration kSealsFor = std::chrono::hours(1);

  TicketKeys();
  // Returns the key to seal with at `now`; makes a new one if the last is too old.
  [[nodiscard]] Key current(TimePoint now);
  // Returns the key of that name if it may still open tickets at `now`.
  [[nodiscard]] std::optional<FoundKey> find(std::span<const unsigned char, 16> name,
                                             TimePoint now);
  // Returns all keys. They may only go to the memory of another process on this machine.
  [[nodiscard]] std::string save() const;
  // Replaces the keys by those that save() returned. Returns false, and changes nothing, if `saved`
  // is malformed or too old.
  [[nodiscard]] bool restore(std::string_view saved, TimePoint now);

 private:
  struct Ring {
    Key newest;
    std::optional<Key> previous;
  };
  [[nodiscard]] std::shared_ptr<const Ring> ring(TimePoint now);
  Published<Ring> ring_;
};

}  // namespace sluice::net
