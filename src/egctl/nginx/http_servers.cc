// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/http_servers.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "egctl/nginx/units.h"

namespace sluice::egctl::nginx {
namespace {

constexpr int kBodyBytesMax = 1 << 20;  // nginx's default

using Address = std::pair<std::string, int>;

struct Group {
  Address address;
  std::vector<std::size_t> members{};
};

std::vector<Group> groups_of(const std::vector<ReadyServer>& servers) {
  std::vector<Group> groups;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    for (const Listen& listen : servers[i].server.listens) {
      const Address address{listen.address, listen.port};
      auto group = std::ranges::find(groups, address, &Group::address);
      if (group == groups.end()) group = groups.insert(group, {address});
      group->members.push_back(i);
    }
  }
  return groups;
}

// Requires: the server listens there.
auto& listen_of(auto& server, const Address& address) {
  return *std::ranges::find_if(server.listens, [&](const Listen& listen) {
    return listen.address == address.first && listen.port == address.second;
  });
}

// A host of a rule, and its place among those of the same address.
struct RankedHost {
  std::size_t server = 0;
  ServerName name;
};

std::vector<RankedHost> hosts_of(const std::vector<ReadyServer>& servers,
                                 const std::vector<std::size_t>& members) {
  std::vector<RankedHost> hosts;
  for (const std::size_t i : members) {
    for (const std::string& word : servers[i].server.names) {
      for (const ServerName& name : server_names(word)) hosts.push_back({i, name});
    }
  }
  // The longest wildcard first; exact names exclude one another.
  std::ranges::stable_sort(hosts, [](const RankedHost& a, const RankedHost& b) {
    using Rank = ServerName::Rank;
    if (a.name.rank != b.name.rank) return a.name.rank < b.name.rank;
    const bool wildcard = a.name.rank == Rank::suffix || a.name.rank == Rank::prefix;
    return wildcard && a.name.text.size() > b.name.text.size();
  });
  return hosts;
}

// Neighbours of one server share a rule.
Json rules_of(const std::vector<ReadyServer>& servers, const std::vector<RankedHost>& hosts) {
  Json rules = Json::array();
  for (std::size_t i = 0; i < hosts.size();) {
    const std::size_t server = hosts[i].server;
    Json list = Json::array();
    for (; i < hosts.size() && hosts[i].server == server; ++i) {
      Json host = {{"value", hosts[i].name.text}};
      if (hosts[i].name.rank == ServerName::Rank::regexp) host["isRegexp"] = true;
      list.push_back(std::move(host));
    }
    Json rule = {{"paths", servers[server].paths}};
    const bool plain = list.size() == 1 && !list[0].contains("isRegexp");
    plain ? rule["host"] = list[0]["value"] : rule["hosts"] = list;
    rules.push_back(std::move(rule));
  }
  return rules;
}

void add_tls(const ReadyServer& ready, Json& object) {
  object["https"] = true;
  for (const Certificate& one : ready.certificates) {
    object["certs"][one.name] = one.certificate;
    object["keys"][one.name] = one.key;
  }
  if (!ready.client_authority.empty()) object["caCertBase64"] = ready.client_authority;
}

MadeServer made_of(const Group& group, const std::vector<ReadyServer>& servers) {
  const std::size_t first = group.members[0];
  MadeServer made{.object = {{"kind", "HTTPServer"},
                             {"port", group.address.second},
                             {"clientMaxBodySize", kBodyBytesMax}},
                  .port = group.address.second,
                  .place = servers[first].server.directive};
  Json& object = made.object;
  if (!group.address.first.empty()) object["address"] = group.address.first;
  std::size_t fallback = first;
  std::optional<std::int64_t> tunnel_time;
  for (const std::size_t i : group.members) {
    const Listen& listen = listen_of(servers[i].server, group.address);
    if (listen.is_default) fallback = i;
    if (listen.proxy_protocol) object["proxyProtocol"] = true;
    if (listen.tls) add_tls(servers[i], object);
    tunnel_time = std::max(tunnel_time, servers[i].tunnel_time);  // none is the least
  }
  if (tunnel_time) object["tunnelTimeout"] = duration_of(*tunnel_time);
  if (const Json& proxies = servers[first].server.trusted_proxies; !proxies.is_null()) {
    object["trustedProxies"] = proxies;
    object["xRealIP"] = false;  // nginx reads X-Forwarded-For alone
  }
  object["rules"] = Json::array();
  // A server alone takes every host.
  if (group.members.size() > 1)
    object["rules"] = rules_of(servers, hosts_of(servers, group.members));
  object["rules"].push_back({{"paths", servers[fallback].paths}});
  return made;
}

}  // namespace

void share_addresses(std::vector<ReadyServer>& servers) {
  for (const Group& group : groups_of(servers)) {
    bool tls = false;
    bool proxy_protocol = false;
    for (const std::size_t i : group.members) {
      const Listen& listen = listen_of(servers[i].server, group.address);
      tls = tls || listen.tls;
      proxy_protocol = proxy_protocol || listen.proxy_protocol;
    }
    for (const std::size_t i : group.members) {
      Listen& listen = listen_of(servers[i].server, group.address);
      listen.tls = tls;
      listen.proxy_protocol = proxy_protocol;
    }
  }
}

std::vector<MadeServer> http_servers(const std::vector<ReadyServer>& servers) {
  std::vector<MadeServer> out;
  for (const Group& group : groups_of(servers)) out.push_back(made_of(group, servers));
  return out;
}

std::vector<std::size_t> with_conflicting_authorities(const std::vector<ReadyServer>& servers) {
  std::set<std::size_t> found;
  for (const Group& group : groups_of(servers)) {
    std::map<std::string, std::set<std::size_t>> by_authority;
    for (const std::size_t i : group.members) {
      const bool needs = listen_of(servers[i].server, group.address).tls;
      if (needs && !servers[i].client_authority.empty())
        by_authority[servers[i].client_authority].insert(i);
    }
    if (by_authority.size() < 2) continue;
    for (const auto& [authority, members] : by_authority)
      found.insert(members.begin(), members.end());
  }
  return {found.begin(), found.end()};
}

std::vector<std::size_t> with_differing_proxies(const std::vector<ReadyServer>& servers) {
  std::set<std::size_t> found;
  for (const Group& group : groups_of(servers)) {
    const Json& first = servers[group.members[0]].server.trusted_proxies;
    const bool differ = std::ranges::any_of(
        group.members, [&](std::size_t i) { return servers[i].server.trusted_proxies != first; });
    for (const std::size_t i : group.members) {
      if (differ && !servers[i].server.trusted_proxies.is_null()) found.insert(i);
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace sluice::egctl::nginx
