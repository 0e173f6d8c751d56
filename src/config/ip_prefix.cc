// SPDX-License-Identifier: Apache-2.0
#include "config/ip_prefix.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/text.h"

namespace sluice::config {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kMappedBits = 96;

// Without the mapping of ::ffff:a.b.c.d to IPv4.
std::optional<IpAddress> parse_as_written(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.size() >= buffer.size() || text.find('\0') != text.npos) return std::nullopt;
  std::copy(text.begin(), text.end(), buffer.begin());
  IpAddress address;
  address.v6 = text.find(':') != text.npos;
  const int family = address.v6 ? AF_INET6 : AF_INET;
  if (inet_pton(family, buffer.data(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

bool is_mapped(const IpAddress& address) {
  return address.v6 &&
         std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
}

IpAddress unmap(const IpAddress& mapped) {
  IpAddress address;
  std::copy(mapped.bytes.begin() + kMappedPrefix.size(), mapped.bytes.end(), address.bytes.begin());
  return address;
}

std::optional<int> parse_bits(std::string_view text, int max) {
  const auto bits = to_number<std::uint16_t>(text);
  return bits && *bits <= max ? std::optional<int>(*bits) : std::nullopt;
}

IpPrefix make_prefix(const IpAddress& address, int bits) {
  IpPrefix prefix{address, address};
  const int size = address.v6 ? 16 : 4;
  for (int i = 0; i < size; ++i) {
    const int fixed = std::clamp(bits - 8 * i, 0, 8);
    const auto host = static_cast<std::uint8_t>(0xff >> fixed);
    auto at = static_cast<std::size_t>(i);
    prefix.first.bytes[at] = static_cast<std::uint8_t>(prefix.first.bytes[at] & ~host);
    prefix.last.bytes[at] = static_cast<std::uint8_t>(prefix.last.bytes[at] | host);
  }
  return prefix;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const auto address = parse_as_written(text);
  return address && is_mapped(*address) ? unmap(*address) : address;
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_as_written(text.substr(0, slash));
  if (!address) return std::nullopt;
  const int width = address->v6 ? 128 : 32;
  const auto bits = slash == text.npos ? width : parse_bits(text.substr(slash + 1), width);
  if (!bits) return std::nullopt;
  if (is_mapped(*address) && *bits >= kMappedBits) {
    return make_prefix(unmap(*address), *bits - kMappedBits);
  }
  return make_prefix(*address, *bits);
}

}  // namespace sluice::config
