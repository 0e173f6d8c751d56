// SPDX-License-Identifier: Apache-2.0
// IP addresses and CIDR prefixes, IPv4 and IPv6 (RFC 4632, RFC 4291). Any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::config {

// Orders all IPv4 addresses before all IPv6 addresses. An IPv4 address written as IPv6
// (::ffff:10.0.0.1) is that IPv4 address. Zones (fe80::1%eth0) are refused.
struct IpAddress {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes{};  // IPv4: the first four

  auto operator<=>(const IpAddress&) const = default;
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
};

// All addresses from `first` to `last`; both of one family.
struct IpPrefix {
  IpAddress first;
  IpAddress last;

  // Parses "10.0.0.0/8", or an address alone. Ignores the bits of the host part.
  [[nodiscard]] static std::optional<IpPrefix> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& address) const {
    return first <= address && address <= last;
  }
};

}  // namespace sluice::config
