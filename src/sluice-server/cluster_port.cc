// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/cluster_port.h"

#include <algorithm>
#include <utility>

#include "filters/wasm_host/handover/ask_owner.h"
#include "filters/wasm_host/handover/cluster_port.h"
#include "filters/wasm_host/handover/reach_member.h"
#include "net/listener.h"

namespace sluice::server_program {

Result<ClusterPorts> make_cluster_ports(const Options& options, const MemberTls& tls,
                                        unsigned cores) {
  ClusterPorts ports;
  if (!options.cluster.on_etcd()) return ports;
  SLUICE_TRY(const auto settings, cluster_port_settings(options.cluster));
  ports.to_members = tls.to_members;
  filters::HandoverOptions its;
  its.core_count = cores;
  its.owner_wait = options.cluster.owner_wait;
  its.tls = ports.to_members;
  ports.ask_owner = filters::AskOwnerOverPort(ports.to_members);
  if (settings) ports.reach_member = filters::ReachMemberOverPort(ports.to_members);
  ports.handover = std::make_shared<filters::Handover>(std::move(its));
  if (!settings) return ports;
  ports.handed = std::make_shared<admin::HandedCalls>();
  control::ClusterPort& port = ports.port.emplace();
  port.address = settings->address;
  port.port = settings->port;
  port.certificate = tls.port.own.certificate;
  port.key = tls.port.own.key;
  port.authorities = tls.port.authorities;
  port.filters.push_back(filters::make_cluster_port_kind(ports.handover, {}, ports.handed));
  return ports;
}

// A member whose port is taken would join, and nobody could hand requests over to it.
Result<void> check_cluster_addr(const ClusterPorts& ports,
                                const std::vector<control::InheritedPort>& inherited) {
  if (!ports.port) return {};
  const auto is_its = [&](const control::InheritedPort& open) {
    return open.address == ports.port->address && open.port == ports.port->port;
  };
  if (std::ranges::any_of(inherited, is_its)) return {};
  const auto free = net::Listener::probe(ports.port->address, ports.port->port);
  if (free) return {};
  return fail(free.error().kind, "cluster-addr: " + free.error().message +
                                     ": stop that one, or set another cluster-addr");
}

}  // namespace sluice::server_program
