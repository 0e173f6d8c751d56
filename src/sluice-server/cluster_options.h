// SPDX-License-Identifier: Apache-2.0
// The options of sluice-server about the store and the cluster: a part of options.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/fields.h"

namespace sluice::server_program {

struct ClusterOptions {
  std::string store = "embedded";
  std::vector<std::string> etcd_endpoints;
  std::string etcd_ca_file;
  std::string etcd_cert_file;
  std::string etcd_key_file;
  std::string etcd_user;
  std::string etcd_password_file;
  std::string etcd_prefix = "sluice";
  std::string cluster_name = "sluice";
  Duration member_ttl = std::chrono::seconds(3);
  Duration owner_wait = std::chrono::seconds(5);
  // The cluster port of this member.
  std::string zone;
  std::string cluster_addr;
  std::string cluster_cert_file;
  std::string cluster_key_file;
  std::string cluster_ca_file;

  [[nodiscard]] bool on_etcd() const { return store == "etcd"; }

  // As Options::each().
  void each(auto& visit) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    visit("store", store,
          {.one_of = {"embedded", "etcd"},
           .doc = "where objects and shared data are: embedded (data-dir), or etcd, which the "
                  "members of a cluster share"});
    visit(
        "cluster-name", cluster_name,
        {.format = config::Format::name, .doc = "name of the cluster; all members have the same"});
    visit("member-ttl", member_ttl,
          {.min = kSecond,
           .max = 600 * kSecond,
           .doc = "without a sign of life for so long, a member counts as dead; whole seconds"});
    visit("owner-wait", owner_wait,
          {.min = 0,
           .max = 60 * kSecond,
           .doc = "how long a request waits for the owner of its shared data"});
    each_of_etcd(visit);
    visit("zone", zone,
          {.max = 64, .doc = "a label of this member for people, as a data center: get member"});
    visit("cluster-addr", cluster_addr,
          {.format = config::Format::host_port,
           .doc = "address of the port for the other members, as they reach it; what is not "
                  "loopback needs the next three"});
    visit("cluster-cert-file", cluster_cert_file,
          {.doc = "the certificate of this member with its chain, PEM"});
    visit("cluster-key-file", cluster_key_file, {.doc = "the key of that"});
    visit("cluster-ca-file", cluster_ca_file,
          {.doc = "PEM bundle: members show a certificate of one of these"});
  }

  // Adds a fault for each contradiction.
  void validate(config::Faults& faults) const;

 private:
  void each_of_etcd(auto& visit) {
    visit("etcd-endpoints", etcd_endpoints,
          {.max = 32, .unique = true, .doc = "10.0.0.1:2379 or https://etcd-1:2379, several"});
    visit("etcd-ca-file", etcd_ca_file,
          {.doc = "PEM bundle: etcd shows a certificate of one of these; empty: the system's"});
    visit("etcd-cert-file", etcd_cert_file, {.doc = "certificate to show to etcd, PEM"});
    visit("etcd-key-file", etcd_key_file, {.doc = "the key of that"});
    visit("etcd-user", etcd_user, {.doc = "user of etcd; empty: that of the certificate"});
    visit("etcd-password-file", etcd_password_file, {.doc = "file with the password of that user"});
    visit("etcd-prefix", etcd_prefix,
          {.min = 1, .max = 64, .doc = "of all keys of the cluster in etcd"});
  }
};

// The cluster port of this member.
struct ClusterPortSettings {
  std::string address;  // numeric
  std::uint16_t port = 0;
};
// None without --cluster-addr. Asks the name service; blocks. Errors, `invalid`, name the option.
[[nodiscard]] Result<std::optional<ClusterPortSettings>> cluster_port_settings(
    const ClusterOptions& options);
// The text of the file that the option `key` names; "" if it names none.
[[nodiscard]] Result<std::string> read_option_file(const char* key, const std::string& path,
                                                   std::size_t bytes_max);

}  // namespace sluice::server_program
