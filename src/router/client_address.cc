// SPDX-License-Identifier: Apache-2.0
#include "router/client_address.h"

#include <algorithm>
#include <ranges>
#include <string>
#include <vector>

#include "base/host_port.h"
#include "base/text.h"
#include "config/ip_prefix.h"

namespace sluice::router {
namespace {

using config::IpAddress;

constexpr std::string_view kForwardedFor = "X-Forwarded-For";
constexpr std::string_view kForwardedProto = "X-Forwarded-Proto";
constexpr std::string_view kRealIp = "X-Real-Ip";
constexpr std::string_view kForwarded = "Forwarded";
// All fields with this prefix: -Host, -Port, -Prefix, -Client-Cert, ... Frameworks trust all of
// them.
constexpr std::string_view kForwardedPrefix = "X-Forwarded-";

bool is_forwarding(std::string_view name) {
  if (name.size() < kForwarded.size()) return false;
  if (to_lower(name[0]) == 'f') return http::iequals(name, kForwarded);
  if (to_lower(name[0]) != 'x') return false;
  return http::iequals(name.substr(0, kForwardedPrefix.size()), kForwardedPrefix) ||
         http::iequals(name, kRealIp);
}

bool has_forwarding(const http::Headers& headers) {
  return std::any_of(headers.begin(), headers.end(),
                     [](const http::Field& field) { return is_forwarding(field.name); });
}

void remove_forwarding(http::Headers& headers) {
  std::vector<std::string> names;
  for (const http::Field& field : headers) {
    if (is_forwarding(field.name)) names.push_back(field.name);
  }
  for (const std::string& name : names) headers.remove(name);
}

// Returns the elements of all fields of that name in order, without spaces.
std::vector<std::string_view> elements_of(const http::Headers& headers, std::string_view name) {
  std::vector<std::string_view> elements;
  for (const http::Field& field : headers) {
    if (!http::iequals(field.name, name)) continue;
    std::string_view list = field.value;
    while (!list.empty()) elements.push_back(trim_ows(take_until(list, ',')));
  }
  return elements;
}

// Returns the element that the nearest proxy has written. Earlier ones may be the client's.
std::string_view forwarded_scheme(const http::Headers& headers) {
  const auto elements = elements_of(headers, kForwardedProto);
  if (elements.empty()) return {};
  if (http::iequals(elements.back(), "https")) return "https";
  return http::iequals(elements.back(), "http") ? "http" : "";
}

}  // namespace

bool TrustedProxies::contains(std::string_view ip) const {
  if (!any_) return false;
  const auto address = IpAddress::parse(ip);
  return address && proxies_.contains(*address);
}

TrustedProxies::ClientAddress TrustedProxies::identify(http::Request& request,
                                                       std::string_view peer_ip) const {
  if (!has_forwarding(request.headers)) return {std::string(peer_ip)};
  if (!contains(peer_ip)) {
    remove_forwarding(request.headers);
    return {std::string(peer_ip), true};
  }
  if (const auto scheme = forwarded_scheme(request.headers); !scheme.empty())
    request.scheme = scheme;
  return {forwarded_ip(request.headers, peer_ip)};
}

// Searches from the right, since each proxy appends the address that connected to it. An element
// that is not an address ends the search at the proxy that wrote it: no trusted proxy vouches for
// the elements before it.
std::string TrustedProxies::forwarded_ip(const http::Headers& headers,
                                         std::string_view peer_ip) const {
  const auto elements = elements_of(headers, kForwardedFor);
  std::string_view nearest = peer_ip;
  for (const std::string_view element : std::views::reverse(elements)) {
    const std::string_view ip = bare_host(element);
    const auto address = IpAddress::parse(ip);
    if (!address) return std::string(nearest);
    nearest = ip;
    if (!proxies_.contains(*address)) return std::string(nearest);
  }
  if (!elements.empty() || !real_ip_) return std::string(nearest);
  const auto claims = elements_of(headers, kRealIp);  // the nearest proxy's claim is the last
  const std::string_view claimed = claims.empty() ? "" : claims.back();
  return std::string(IpAddress::parse(claimed) ? claimed : peer_ip);
}

void append_forwarded_for(http::Request& request, std::string_view real_ip) {
  const auto address = IpAddress::parse(real_ip);
  const auto elements = elements_of(request.headers, kForwardedFor);
  const bool listed = std::ranges::any_of(elements, [&](std::string_view element) {
    const std::string_view ip = bare_host(element);
    return ip == real_ip || (address && IpAddress::parse(ip) == address);
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
