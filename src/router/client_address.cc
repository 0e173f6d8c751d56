// SPDX-License-Identifier: Apache-2.0
#include "router/client_address.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "config/ip_prefix.h"
#include "http/chars.h"

namespace sluice::router {
namespace {

using config::IpAddress;
using config::IpPrefix;

constexpr std::string_view kForwardedFor = "X-Forwarded-For";
constexpr std::string_view kRealIp = "X-Real-Ip";
// Loopback, private use, link local (RFC 1122, 1918, 3927, 4193, 4291).
constexpr std::array<std::string_view, 8> kPrivate{
    "127.0.0.0/8",    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
    "169.254.0.0/16", "::1/128",    "fc00::/7",      "fe80::/10"};

bool is_private(const IpAddress& address) {
  static const std::vector<IpPrefix> prefixes = [] {
    std::vector<IpPrefix> out;
    for (const std::string_view text : kPrivate) out.push_back(IpPrefix::parse(text).value());
    return out;
  }();
  return std::ranges::any_of(prefixes,
                             [&](const IpPrefix& prefix) { return prefix.contains(address); });
}

// Some proxies write the port too: "1.2.3.4:56", "[::1]:56".
std::string_view without_port(std::string_view element) {
  if (element.starts_with('[')) {
    const std::size_t end = element.find(']');
    return end == element.npos ? element : element.substr(1, end - 1);
  }
  const std::size_t colon = element.find(':');
  return element.find(':', colon + 1) == element.npos ? element.substr(0, colon) : element;
}

// Calls `visit` with every element until it returns true; true if it did.
bool any_element(const http::Headers& headers, auto visit) {
  for (const http::Field& field : headers) {
    if (!http::iequals(field.name, kForwardedFor)) continue;
    std::string_view list = field.value;
    while (!list.empty()) {
      if (visit(without_port(http::trim(http::take_until(list, ','))))) return true;
    }
  }
  return false;
}

std::optional<std::string> first_public(const http::Headers& headers) {
  std::optional<std::string> found;
  any_element(headers, [&](std::string_view element) {
    const auto address = IpAddress::parse(element);
    if (!address || is_private(*address)) return false;
    found = std::string(element);
    return true;
  });
  return found;
}

}  // namespace

std::string real_ip(const http::Request& request, std::string_view peer_ip,
                    const ForwardingPolicy& policy) {
  if (!policy.trust_headers) return std::string(peer_ip);
  if (auto found = first_public(request.headers)) return *std::move(found);
  const std::string_view claimed = http::trim(request.headers.get(kRealIp).value_or(""));
  return std::string(IpAddress::parse(claimed) ? claimed : peer_ip);
}

void append_forwarded_for(http::Request& request, std::string_view real_ip) {
  const auto address = IpAddress::parse(real_ip);
  const bool listed = any_element(request.headers, [&](std::string_view element) {
    return element == real_ip || (address && IpAddress::parse(element) == address);
  });
  if (listed || real_ip.empty()) return;
  std::string list;
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, kForwardedFor) || field.value.empty()) continue;
    list.append(field.value).append(", ");
  }
  request.headers.set(kForwardedFor, list.append(real_ip));
}

}  // namespace sluice::router
