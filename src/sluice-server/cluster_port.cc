// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/cluster_port.h"

#include <utility>

#include "filters/wasm_host/handover/ask_owner.h"
#include "filters/wasm_host/handover/cluster_port.h"
#include "filters/wasm_host/handover/reach_member.h"
#include "net/tls/tls_client_context.h"

namespace sluice::server_program {

Result<ClusterPorts> make_cluster_ports(const Options& options, unsigned cores) {
  ClusterPorts ports;
  std::shared_ptr<const net::TlsClientContext> to_members;  // null: without TLS
  if (!options.cluster.on_etcd()) return ports;
  SLUICE_TRY(const auto settings, cluster_port_settings(options.cluster));
  if (settings && !settings->authorities.empty()) {
    net::TlsClientOptions tls;
    tls.own.certificate = settings->certificate;
    tls.own.key = settings->key;
    tls.authorities = settings->authorities;
    tls.protocols = {"h2"};
    auto context = net::TlsClientContext::create(tls);
    if (!context) {
      return fail(ErrorKind::invalid, "cluster-cert-file, cluster-key-file, cluster-ca-file: " +
                                          context.error().front().text);
    }
    to_members = std::move(*context);
  }
  filters::HandoverOptions its;
  its.core_count = cores;
  its.owner_wait = options.cluster.owner_wait;
  its.tls = to_members;
  ports.ask_owner = filters::AskOwnerOverPort(to_members);
  if (settings) ports.reach_member = filters::ReachMemberOverPort(to_members);
  ports.handover = std::make_shared<filters::Handover>(std::move(its));
  if (!settings) return ports;
  control::ClusterPort& port = ports.port.emplace();
  port.address = settings->address;
  port.port = settings->port;
  port.certificate = settings->certificate;
  port.key = settings->key;
  port.authorities = settings->authorities;
  port.filters.push_back(filters::make_cluster_port_kind(ports.handover));
  return ports;
}

}  // namespace sluice::server_program
