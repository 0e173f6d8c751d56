// SPDX-License-Identifier: Apache-2.0
// InnerEtcd: what a configuration file of Easegress says of the etcd inside of its server.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/faults.h"
#include "config/fields.h"
#include "config/value.h"

namespace sluice::server_program {

// `cluster:` of the file.
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

  [[nodiscard]] bool has_other_members() const;
  // Where clients reach this etcd and the others: this member's own first. The port for clients is
  // the one below that for peers, as in all examples of Easegress and etcd.
  [[nodiscard]] std::vector<std::string> endpoints() const;
};

// Takes `cluster` and the older spellings out of `file`.
[[nodiscard]] InnerEtcd take_inner_etcd(config::Value& file, config::Faults& faults);
// Takes a member out of a map.
[[nodiscard]] std::optional<config::Value> take_member(config::Value& map, std::string_view key);

}  // namespace sluice::server_program
