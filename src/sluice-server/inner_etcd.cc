// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/inner_etcd.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace sluice::server_program {
namespace {

using Kind = config::Value::Kind;

// Options at the top of a file that belong into `cluster`: flags, and older spellings.
constexpr std::pair<std::string_view, std::string_view> kMoved[] = {
    {"listen-client-urls", "listen-client-urls"},
    {"listen-peer-urls", "listen-peer-urls"},
    {"advertise-client-urls", "advertise-client-urls"},
    {"initial-advertise-peer-urls", "initial-advertise-peer-urls"},
    {"primary-listen-peer-urls", "primary-listen-peer-urls"},
    {"initial-cluster", "initial-cluster"},
    {"state-flag", "state-flag"},
    {"max-call-send-msg-size", "max-call-send-msg-size"},
    {"cluster-listen-client-urls", "listen-client-urls"},
    {"cluster-listen-peer-urls", "listen-peer-urls"},
    {"cluster-advertise-client-urls", "advertise-client-urls"},
    {"cluster-initial-advertise-peer-urls", "initial-advertise-peer-urls"},
    {"cluster-join-urls", "primary-listen-peer-urls"},
    {"cluster-client-url", "advertise-client-urls"},
    {"cluster-peer-url", "initial-advertise-peer-urls"},
};

// Easegress writes a map, or a list of maps: `- machine-1: http://…`.
void join_initial_cluster(config::Value& cluster) {
  for (config::Value::Member& member : cluster.members) {
    if (member.key != "initial-cluster" || member.value.kind != Kind::sequence) continue;
    config::Value joined;
    joined.kind = Kind::map;
    for (config::Value& item : member.value.items) {
      if (item.kind != Kind::map) return;
      std::ranges::move(item.members, std::back_inserter(joined.members));
    }
    member.value = std::move(joined);
  }
}

// `cluster-client-url` is one URL, and its present form a list.
config::Value as_list(config::Value value) {
  if (value.kind != Kind::scalar || value.scalar.empty()) return value;
  config::Value list;
  list.kind = Kind::sequence;
  list.items.push_back(std::move(value));
  return list;
}

// "http://10.0.0.1:2380" -> "http://10.0.0.1:2379"; "" without a port.
std::string client_url_of(std::string_view peer_url) {
  while (peer_url.ends_with('/')) peer_url.remove_suffix(1);
  const auto colon = peer_url.rfind(':');
  if (colon == std::string_view::npos) return {};
  const auto port = to_number<int>(peer_url.substr(colon + 1));
  if (!port || *port < 2) return {};
  return std::string(peer_url.substr(0, colon + 1)) + std::to_string(*port - 1);
}

bool contains(const std::vector<std::string>& all, const std::string& url) {
  return std::ranges::find(all, url) != all.end();
}

void add_new(std::vector<std::string>& all, std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (!url.empty() && !contains(all, url)) all.push_back(std::move(url));
}

}  // namespace

bool InnerEtcd::has_other_members() const {
  if (initial_cluster.size() > 1) return true;
  return std::ranges::any_of(primary_listen_peer_urls, [this](const std::string& url) {
    return !contains(initial_advertise_peer_urls, url) && !contains(listen_peer_urls, url);
  });
}

std::vector<std::string> InnerEtcd::endpoints() const {
  std::vector<std::string> all;
  for (const std::string& url : advertise_client_urls) add_new(all, url);
  if (all.empty()) {
    for (const std::string& url : listen_client_urls) add_new(all, url);
  }
  for (const auto& [name, url] : initial_cluster) add_new(all, client_url_of(url));
  for (const std::string& url : primary_listen_peer_urls) add_new(all, client_url_of(url));
  return all;
}

std::optional<config::Value> take_member(config::Value& map, std::string_view key) {
  const auto found = std::ranges::find(map.members, key, &config::Value::Member::key);
  if (found == map.members.end()) return std::nullopt;
  config::Value value = std::move(found->value);
  map.members.erase(found);
  return value;
}

InnerEtcd take_inner_etcd(config::Value& file, config::Faults& faults) {
  auto cluster = take_member(file, "cluster");
  if (!cluster) cluster.emplace();
  if (cluster->kind == Kind::null) cluster->kind = Kind::map;
  for (const auto& [key, inner] : kMoved) {
    auto given = take_member(file, key);
    if (!given || cluster->kind != Kind::map || cluster->find(inner) != nullptr) continue;
    const bool is_list = inner.ends_with("-urls");
    cluster->members.push_back({std::string(inner), is_list ? as_list(*std::move(given)) : *given});
  }
  join_initial_cluster(*cluster);
  return config::decode<InnerEtcd>(*cluster, "cluster", faults);
}

}  // namespace sluice::server_program
