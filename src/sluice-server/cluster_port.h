// SPDX-License-Identifier: Apache-2.0
// The cluster port of this process: what its filters need to reach other members, and what the
// others need to reach it.
#pragma once

#include <memory>
#include <optional>

#include "admin/handed_calls.h"
#include "base/result.h"
#include "control/cluster_port.h"
#include "control/ports.h"
#include "filters/wasm_host/handover/handover.h"
#include "net/tls/tls_client_context.h"
#include "sluice-server/member_tls.h"
#include "sluice-server/options.h"
#include "store/store.h"

namespace sluice::server_program {

struct ClusterPorts {
  store::AskOwner ask_owner;                    // for the store; none: it is not shared
  store::ReachMember reach_member;              // likewise
  std::shared_ptr<filters::Handover> handover;  // null: the store is not shared
  std::optional<control::ClusterPort> port;     // none: no other member reaches this one
  // For the admin API.
  std::shared_ptr<admin::HandedCalls> handed;  // null: there is no port
  std::shared_ptr<const net::TlsClientContext> to_members;
};

// Asks the name service; blocks. Errors, `invalid`, name the option.
[[nodiscard]] Result<ClusterPorts> make_cluster_ports(const Options& options, const MemberTls& tls,
                                                      unsigned cores);
// Error `conflict`: another process has the address of the cluster port, which is not `inherited`
// either. Requires: this process has not opened the port.
[[nodiscard]] Result<void> check_cluster_addr(const ClusterPorts& ports,
                                              const std::vector<control::InheritedPort>& inherited);

}  // namespace sluice::server_program
