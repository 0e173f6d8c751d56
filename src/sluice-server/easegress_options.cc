// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/easegress_options.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/fields.h"
#include "sluice-server/inner_etcd.h"

namespace sluice::server_program {
namespace {

using Kind = config::Value::Kind;

constexpr std::string_view kNoEtcdInside =
    "Sluice has no etcd inside: run etcd beside it, set store: etcd, and name it in etcd-endpoints "
    "(docs/cluster.md)";
constexpr std::string_view kOfEtcd = "is an option of etcd, which is a program of its own here";
constexpr std::string_view kLeaveOut = "has no counterpart: leave it out";

struct ForeignOption {
  std::string_view key;
  std::string_view advice;
};

// In a file, these have no effect and a note.
constexpr ForeignOption kWithoutEffect[] = {
    {"cluster-request-timeout", "has no counterpart: owner-wait is how long a request waits"},
    {"wal-dir", "has no counterpart: data-dir is the only folder of data"},
    {"member-dir", "has no counterpart: members are in etcd"},
    {"labels", "has no counterpart: members have no labels"},
    {"cpu-profile-file", kLeaveOut},
    {"memory-profile-file", kLeaveOut},
    {"status-update-max-batch-size", kLeaveOut},
    {"force-new-cluster", kOfEtcd},
    {"objects-dump-interval", "has no counterpart: egctl get all -o yaml prints the objects"},
};

constexpr ForeignOption kRefused[] = {{"disable-access", "is disable-access-log here"}};

// On a command line, where a file may say more.
constexpr ForeignOption kFlags[] = {
    {"use-standalone-etcd", "write store: etcd, and name the etcd in etcd-endpoints"},
    {"primary-listen-peer-urls", kNoEtcdInside},
    {"initial-cluster", kNoEtcdInside},
    {"cluster-join-urls", kNoEtcdInside},
    {"cluster-role", "has no effect here: leave it out"},
    {"listen-client-urls", kOfEtcd},
    {"listen-peer-urls", kOfEtcd},
    {"advertise-client-urls", kOfEtcd},
    {"initial-advertise-peer-urls", kOfEtcd},
    {"state-flag", kOfEtcd},
    {"max-call-send-msg-size", kOfEtcd},
    {"cluster-listen-client-urls", kOfEtcd},
    {"cluster-listen-peer-urls", kOfEtcd},
    {"cluster-advertise-client-urls", kOfEtcd},
    {"cluster-initial-advertise-peer-urls", kOfEtcd},
};

struct ClusterRole {
  std::string role;
  bool use_standalone_etcd = false;
  void fields(auto& visit) {
    visit("cluster-role", role, {.one_of = {"primary", "secondary", "writer", "reader"}});
    visit("use-standalone-etcd", use_standalone_etcd);
  }
};

// `wal-dir: ""` and `cpu-profile-file:` are in every file of Easegress.
bool says_nothing(const config::Value& value) {
  return value.kind == Kind::null || (value.kind == Kind::scalar && value.scalar.empty());
}

ClusterRole take_role(config::Value& file, config::Faults& faults) {
  config::Value map;
  map.kind = Kind::map;
  for (const std::string_view key : {"cluster-role", "use-standalone-etcd"}) {
    if (auto given = take_member(file, key))
      map.members.push_back({std::string(key), *std::move(given)});
  }
  return config::decode<ClusterRole>(map, "", faults);
}

config::Value text(std::string value) {
  config::Value out;
  out.kind = Kind::scalar;
  out.scalar = std::move(value);
  out.quoted = true;
  return out;
}

// Returns what to tell the user.
std::string put_store_on_etcd(config::Value& file, const InnerEtcd& inner) {
  std::string names;
  config::Value list;
  list.kind = Kind::sequence;
  for (std::string& url : inner.endpoints()) {
    names += (names.empty() ? "" : ", ") + url;
    list.items.push_back(text(std::move(url)));
  }
  file.members.push_back({"store", text("etcd")});
  if (file.find("etcd-endpoints") == nullptr)
    file.members.push_back({"etcd-endpoints", std::move(list)});
  return "Sluice has no etcd inside: the file is read as store: etcd with etcd-endpoints: [" +
         names +
         "], where etcd must run; cluster-addr names the port for the other members "
         "(docs/cluster.md)";
}

std::string_view advice_in(const auto& table, std::string_view key) {
  const auto found = std::ranges::find(table, key, &ForeignOption::key);
  return found == std::ranges::end(table) ? std::string_view() : found->advice;
}

}  // namespace

std::vector<std::string> take_easegress_options(config::Value& file, config::Faults& faults) {
  std::vector<std::string> notes;
  if (file.kind != Kind::map) return notes;
  for (const auto& [key, advice] : kWithoutEffect) {
    const auto given = take_member(file, key);
    if (given && !says_nothing(*given))
      notes.push_back(std::string(key) + " has no effect: it " + std::string(advice));
  }
  for (const auto& [key, advice] : kRefused) {
    const auto given = take_member(file, key);
    if (given && !says_nothing(*given)) faults.add(std::string(key), advice);
  }
  const InnerEtcd inner = take_inner_etcd(file, faults);
  const ClusterRole role = take_role(file, faults);
  if (file.find("store") != nullptr) return notes;
  if (inner.has_other_members() || role.use_standalone_etcd)
    notes.push_back(put_store_on_etcd(file, inner));
  return notes;
}

std::string_view advice_for_flag(std::string_view argument) {
  if (!argument.starts_with("--")) return {};
  const std::string_view key = argument.substr(2, argument.find('=') - 2);
  for (const auto advice :
       {advice_in(kFlags, key), advice_in(kWithoutEffect, key), advice_in(kRefused, key)}) {
    if (!advice.empty()) return advice;
  }
  return {};
}

}  // namespace sluice::server_program
