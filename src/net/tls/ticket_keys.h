// SPDX-License-Identifier: Apache-2.0
// TicketKeys: what session tickets are sealed with (RFC 5077, RFC 8446 section 4.6.1), the same for
// all cores and all certificates, so that a client may resume on any of them. A key seals for an
// hour and opens for one more; then it is forgotten, and what it protected with it.
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
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
    TimePoint since;
  };
  struct Found {
    Key key;
    bool newest;
  };
  static constexpr Duration kSealsFor = std::chrono::hours(1);

  TicketKeys();
  // The key to seal with at `now`; makes a new one when the last is too old.
  [[nodiscard]] Key current(TimePoint now);
  // The key of that name, if it may still open at `now`.
  [[nodiscard]] std::optional<Found> find(std::span<const unsigned char, 16> name, TimePoint now);
  // All keys, for the memory of another process on this machine, and nowhere else.
  [[nodiscard]] std::string save() const;
  // What save() gave, in place of what is here; false, and no change, if it is not that or too old.
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
