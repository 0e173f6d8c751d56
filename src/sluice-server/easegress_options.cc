// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/easegress_options.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"

namespace sluice::server_program {
namespace {

constexpr std::string_view kNoEtcdInside =
    "Sluice has no etcd inside: run etcd beside it, set store: etcd, and name it in etcd-endpoints "
    "(docs/cluster.md)";
constexpr std::string_view kOfEtcd = "is an option of etcd, which is a program of its own here";
constexpr std::string_view kLeaveOut = "has no counterpart: leave it out";

struct ForeignOption {
  std::string_view key;
  std::string_view advice;
};

constexpr ForeignOption kRefused[] = {
    {"use-standalone-etcd", "write store: etcd, and name the etcd in etcd-endpoints"},
    {"primary-listen-peer-urls", kNoEtcdInside},
    {"initial-cluster", kNoEtcdInside},
    {"listen-client-urls", kOfEtcd},
    {"listen-peer-urls", kOfEtcd},
    {"advertise-client-urls", kOfEtcd},
    {"initial-advertise-peer-urls", kOfEtcd},
    {"state-flag", kOfEtcd},
    {"force-new-cluster", kOfEtcd},
    {"max-call-send-msg-size", kOfEtcd},
    {"cluster-request-timeout", "has no counterpart: owner-wait is how long a request waits"},
    {"wal-dir", "has no counterpart: data-dir is the only folder of data"},
    {"member-dir", "has no counterpart: members are in etcd"},
    {"labels", "has no counterpart: members have no labels"},
    {"disable-access", "is disable-access-log here"},
    {"cpu-profile-file", kLeaveOut},
    {"memory-profile-file", kLeaveOut},
    {"status-update-max-batch-size", kLeaveOut},
    // Of older versions:
    {"cluster-join-urls", kNoEtcdInside},
    {"cluster-listen-client-urls", kOfEtcd},
    {"cluster-listen-peer-urls", kOfEtcd},
    {"cluster-advertise-client-urls", kOfEtcd},
    {"cluster-initial-advertise-peer-urls", kOfEtcd},
    {"objects-dump-interval", "has no counterpart: egctl get all -o yaml prints the objects"},
};

// `cluster:` of Easegress' file, which configures the etcd inside of it.
struct InnerEtcd {
  std::vector<std::string> listen_client_urls;
  std::vector<std::string> listen_peer_urls;
  std::vector<std::string> advertise_client_urls;
  std::vector<std::string> initial_advertise_peer_urls;
  std::vector<std::string> primary_listen_peer_urls;
  std::map<std::string, std::string> initial_cluster;
  std::string state_flag;
  std::int64_t max_call_send_msg_size = 0;

  void fields(auto& visit) {
    visit("listen-client-urls", listen_client_urls);
    visit("listen-peer-urls", listen_peer_urls);
    visit("advertise-client-urls", advertise_client_urls);
    visit("initial-advertise-peer-urls", initial_advertise_peer_urls);
    visit("primary-listen-peer-urls", primary_listen_peer_urls);
    visit("initial-cluster", initial_cluster);
    visit("state-flag", state_flag, {.one_of = {"new", "existing"}});
    visit("max-call-send-msg-size", max_call_send_msg_size);
  }
};

struct ClusterRole {
  std::string role;
  void fields(auto& visit) {
    visit("cluster-role", role, {.one_of = {"primary", "secondary", "writer", "reader"}});
  }
};

std::optional<config::Value> take_member(config::Value& file, std::string_view key) {
  const auto found = std::ranges::find(file.members, key, &config::Value::Member::key);
  if (found == file.members.end()) return std::nullopt;
  config::Value value = std::move(found->value);
  file.members.erase(found);
  return value;
}

// `wal-dir: ""` and `cpu-profile-file:` are in every file of Easegress.
bool says_nothing(const config::Value& value) {
  using Kind = config::Value::Kind;
  return value.kind == Kind::null || (value.kind == Kind::scalar && value.scalar.empty());
}

// Easegress writes a map, or a list of maps: `- machine-1: http://…`.
void join_initial_cluster(config::Value& cluster) {
  for (config::Value::Member& member : cluster.members) {
    if (member.key != "initial-cluster" || member.value.kind != config::Value::Kind::sequence)
      continue;
    config::Value joined;
    joined.kind = config::Value::Kind::map;
    for (config::Value& item : member.value.items) {
      if (item.kind != config::Value::Kind::map) return;
      std::ranges::move(item.members, std::back_inserter(joined.members));
    }
    member.value = std::move(joined);
  }
}

bool is_on_etcd(const config::Value& file) {
  const config::Value* store = file.find("store");
  return store != nullptr && store->scalar == "etcd";
}

void check_inner_etcd(const config::Value& value, bool on_etcd, config::Faults& faults) {
  const auto inner = config::decode<InnerEtcd>(value, "cluster", faults);
  if (on_etcd) return;
  if (inner.initial_cluster.size() > 1) faults.add("cluster.initial-cluster", kNoEtcdInside);
  if (!inner.primary_listen_peer_urls.empty())
    faults.add("cluster.primary-listen-peer-urls", kNoEtcdInside);
}

}  // namespace

void take_easegress_options(config::Value& file, config::Faults& faults) {
  if (file.kind != config::Value::Kind::map) return;
  const bool on_etcd = is_on_etcd(file);
  for (const ForeignOption& foreign : kRefused) {
    const auto given = take_member(file, foreign.key);
    if (given && !says_nothing(*given)) faults.add(std::string(foreign.key), foreign.advice);
  }
  if (auto cluster = take_member(file, "cluster")) {
    join_initial_cluster(*cluster);
    check_inner_etcd(*cluster, on_etcd, faults);
  }
  if (auto role = take_member(file, "cluster-role")) {
    config::Value map;
    map.kind = config::Value::Kind::map;
    map.members.push_back({"cluster-role", *std::move(role)});
    (void)config::decode<ClusterRole>(map, "", faults);
  }
}

std::string_view advice_for_flag(std::string_view argument) {
  if (!argument.starts_with("--")) return {};
  const std::string_view key = argument.substr(2, argument.find('=') - 2);
  if (key == "cluster-role") return "has no effect here: leave it out";
  const auto found = std::ranges::find(kRefused, key, &ForeignOption::key);
  return found == std::ranges::end(kRefused) ? std::string_view() : found->advice;
}

}  // namespace sluice::server_program
