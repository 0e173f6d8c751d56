// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/cluster_options.h"

#include <string_view>
#include <utility>

#include "admin/address.h"
#include "base/file.h"
#include "base/host_port.h"

namespace sluice::server_program {
namespace {

using NamedOption = std::pair<const char*, bool>;  // its key, and whether it is given

void refuse_without_etcd(const ClusterOptions& options, config::Faults& faults) {
  const NamedOption given[] = {{"etcd-endpoints", !options.etcd_endpoints.empty()},
                               {"etcd-ca-file", !options.etcd_ca_file.empty()},
                               {"etcd-cert-file", !options.etcd_cert_file.empty()},
                               {"etcd-key-file", !options.etcd_key_file.empty()},
                               {"etcd-user", !options.etcd_user.empty()},
                               {"etcd-password-file", !options.etcd_password_file.empty()},
                               {"zone", !options.zone.empty()},
                               {"cluster-addr", !options.cluster_addr.empty()}};
  for (const auto& [key, is_given] : given) {
    if (is_given)
      faults.add(key, "is given, and store is embedded: set store to etcd, or leave it out");
  }
}

void check_etcd_tls(const ClusterOptions& options, config::Faults& faults) {
  const bool has_files = !options.etcd_ca_file.empty() || !options.etcd_cert_file.empty();
  if (options.etcd_cert_file.empty() != options.etcd_key_file.empty()) {
    faults.add(options.etcd_key_file.empty() ? "etcd-key-file" : "etcd-cert-file",
               "is missing: a certificate and its key belong together");
  }
  for (std::size_t i = 0; has_files && i < options.etcd_endpoints.size(); ++i) {
    if (options.etcd_endpoints[i].starts_with("http://")) {
      faults.add("etcd-endpoints[" + std::to_string(i) + "]",
                 "is http://, and etcd-ca-file or etcd-cert-file is given: write https://");
    }
  }
}

// Before its certificate is asked for that name.
void check_cluster_address(const ClusterOptions& options, config::Faults& faults) {
  const std::string_view host = bare_host(options.cluster_addr);
  if (host == "0.0.0.0" || host == "::") {
    faults.add("cluster-addr", "other members cannot reach " + std::string(host) +
                                   ": write the address of this machine");
  }
}

void check_etcd(const ClusterOptions& options, config::Faults& faults) {
  if (options.etcd_endpoints.empty()) {
    faults.add("etcd-endpoints", "is needed with store etcd, for example 127.0.0.1:2379");
  }
  check_etcd_tls(options, faults);
  check_cluster_address(options, faults);
  if (options.etcd_prefix.find_first_not_of('/') == std::string::npos) {
    faults.add("etcd-prefix", "is empty: give the first part of all keys, for example shop");
  }
  if (options.etcd_user.empty() && !options.etcd_password_file.empty()) {
    faults.add("etcd-user", "is needed with etcd-password-file");
  }
  if (!options.etcd_user.empty() && options.etcd_password_file.empty()) {
    faults.add("etcd-password-file",
               "is needed with etcd-user; etcd takes the user from a certificate without both");
  }
  if (options.member_ttl % std::chrono::seconds(1) != Duration()) {
    faults.add("member-ttl", "is not in whole seconds, which etcd needs: try 3s");
  }
}

void check_cluster_files(const ClusterOptions& options, config::Faults& faults) {
  const std::pair<const char*, const std::string&> files[] = {
      {"cluster-cert-file", options.cluster_cert_file},
      {"cluster-key-file", options.cluster_key_file},
      {"cluster-ca-file", options.cluster_ca_file}};
  bool any = false;
  for (const auto& [key, file] : files) any = any || !file.empty();
  if (!any) return;
  if (options.cluster_addr.empty()) {
    faults.add("cluster-addr",
               "is needed with cluster-cert-file, cluster-key-file and cluster-ca-file");
  }
  for (const auto& [key, file] : files) {
    if (file.empty()) {
      faults.add(
          key,
          "is missing: cluster-cert-file, cluster-key-file and cluster-ca-file belong together");
    }
  }
}

}  // namespace

void ClusterOptions::validate(config::Faults& faults) const {
  if (on_etcd()) {
    check_etcd(*this, faults);
  } else {
    refuse_without_etcd(*this, faults);
  }
  check_cluster_files(*this, faults);
}

Result<std::string> read_option_file(const char* key, const std::string& path,
                                     std::size_t bytes_max) {
  if (path.empty()) return std::string();
  auto text = read_file(path, bytes_max, FileKind::any);
  if (!text) return fail(ErrorKind::invalid, std::string(key) + ": " + text.error().message);
  if (text->empty()) return fail(ErrorKind::invalid, std::string(key) + ": " + path + " is empty");
  return text;
}

Result<std::optional<ClusterPortSettings>> cluster_port_settings(const ClusterOptions& options) {
  if (options.cluster_addr.empty()) return std::nullopt;
  if (!split_host_port(options.cluster_addr).port().and_then(parse_port)) {
    return fail(ErrorKind::invalid, "cluster-addr: \"" + options.cluster_addr +
                                        "\" is not host:port, try 127.0.0.1:2390");
  }
  const auto address = admin::resolve_address(options.cluster_addr);
  if (!address) return fail(ErrorKind::invalid, "cluster-addr: " + address.error().message);
  if (address->host == "0.0.0.0" || address->host == "::") {
    return fail(ErrorKind::invalid, "cluster-addr: other members cannot reach " + address->host +
                                        ": write the address of this machine");
  }
  if (!address->loopback && options.cluster_cert_file.empty()) {
    return fail(ErrorKind::invalid,
                "cluster-addr: " + options.cluster_addr +
                    " is not loopback and needs mutual TLS: add cluster-cert-file, "
                    "cluster-key-file and cluster-ca-file");
  }
  ClusterPortSettings settings;
  settings.address = address->host;
  settings.port = static_cast<std::uint16_t>(address->port);
  return settings;
}

}  // namespace sluice::server_program
