// SPDX-License-Identifier: Apache-2.0
#include "filters/simple_http_proxy/destinations.h"

#include <algorithm>
#include <array>

#include "base/host_port.h"
#include "base/text.h"
#include "http/message.h"
#include "net/own_address.h"

namespace sluice::filters {
namespace {

using config::IpAddress;
using config::IpPrefix;

// Ports below kFirstOpenPort belong to other protocols, such as mail. An HTTP request can be text
// that they understand.
constexpr std::array<std::uint16_t, 2> kWebPorts = {80, 443};
constexpr std::uint16_t kFirstOpenPort = 1024;

constexpr std::array kSpecialV4Texts = std::to_array<std::string_view>(
    {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
     "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
     "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"});
constexpr std::string_view kPublicV6Text = "2000::/3";
// Teredo and 6to4 addresses hold IPv4 addresses.
constexpr std::array kSpecialV6Texts =
    std::to_array<std::string_view>({"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"});

template <std::size_t count>
std::vector<IpPrefix> prefixes(const std::array<std::string_view, count>& texts) {
  std::vector<IpPrefix> list;
  for (const std::string_view text : texts) {
    if (const auto prefix = IpPrefix::parse(text)) list.push_back(*prefix);
  }
  return list;
}

bool is_within(const std::vector<IpPrefix>& prefixes, const IpAddress& address) {
  return std::ranges::any_of(prefixes,
                             [&](const IpPrefix& prefix) { return prefix.contains(address); });
}

std::unexpected<Error> forbid(std::string reason) {
  return fail(ErrorKind::forbidden, std::move(reason));
}

}  // namespace

std::string plain_host(std::string_view name) {
  std::string plain = lower_case(without_brackets(name));
  if (plain.size() > 1 && plain.ends_with('.')) plain.pop_back();
  return plain;
}

bool is_public(const IpAddress& address) {
  static const auto kSpecialV4 = prefixes(kSpecialV4Texts);
  static const auto kSpecialV6 = prefixes(kSpecialV6Texts);
  static const auto kPublicV6 = prefixes(std::array{kPublicV6Text});
  if (!address.v6) return !is_within(kSpecialV4, address);
  return is_within(kPublicV6, address) && !is_within(kSpecialV6, address);
}

std::optional<Destinations::Host> Destinations::parse(std::string_view text) {
  Host host;
  if (text.starts_with("*.")) {
    host.subdomains = true;
    text.remove_prefix(2);
  }
  const HostPort parts = split_host_port(text);
  if (parts.host.empty() || !http::is_host(text)) return std::nullopt;
  if (const auto port = parts.port()) {
    host.port = parse_port(*port);
    if (host.port.value_or(0) == 0) return std::nullopt;
  }
  host.name = (host.subdomains ? "." : "") + plain_host(parts.host);
  return host;
}

Destinations Destinations::build(const std::vector<std::string>& hosts,
                                 const std::vector<std::string>& networks, const std::string& path,
                                 config::Faults& faults) {
  Destinations made;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (auto host = parse(hosts[i])) {
      made.hosts_.push_back(*std::move(host));
      continue;
    }
    faults.add(config::join_path(path, "allowedHosts") + "[" + std::to_string(i) + "]",
               "is no host: write shop.example, *.shop.example or 10.0.0.1:8080; to allow every "
               "host, leave allowedHosts out");
  }
  for (std::size_t i = 0; i < networks.size(); ++i) {
    if (const auto prefix = IpPrefix::parse(networks[i])) {
      made.networks_.push_back(*prefix);
      continue;
    }
    faults.add(config::join_path(path, "allowedNetworks") + "[" + std::to_string(i) + "]",
               "is no network: write 10.1.0.0/16 or 10.1.2.3");
  }
  return made;
}

Result<Destinations::Grant> Destinations::find(std::string_view host, std::uint16_t port) const {
  bool listed = hosts_.empty();
  for (const Host& entry : hosts_) {
    const bool fits =
        entry.subdomains ? host.ends_with(entry.name) : host == std::string_view(entry.name);
    if (!fits) continue;
    if (entry.port == port) return Grant::host_and_port;
    if (!entry.port) listed = true;
  }
  if (!listed) return forbid("allowedHosts does not have the host and port");
  const bool open = port >= kFirstOpenPort || std::ranges::find(kWebPorts, port) != kWebPorts.end();
  if (!open) return forbid("port " + std::to_string(port) + " needs an entry in allowedHosts");
  return Grant::host;
}

Result<void> Destinations::check(const net::Endpoint& endpoint, Grant grant) const {
  const auto address = IpAddress::parse(endpoint.address);
  if (!address) return forbid("the address of the host is of no known kind");
  const bool listed = is_within(networks_, *address);
  if (!listed && !is_public(*address))
    return forbid("the host is at " + endpoint.address + ", which allowedNetworks does not have");
  const bool exempt = listed && grant == Grant::host_and_port;
  if (!exempt && net::is_own_address(endpoint)) {
    return forbid(
        "the host is this machine, which needs an entry with a port in allowedHosts and "
        "one in allowedNetworks");
  }
  return {};
}

}  // namespace sluice::filters
