// SPDX-License-Identifier: Apache-2.0
// One generation of everything that serves: complete, validated, immutable. control/ builds it,
// every worker swaps to it between two requests.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "net/tls/tls_context.h"
#include "observe/access_log.h"
#include "observe/request_stats.h"
#include "pipeline/pipeline.h"
#include "router/client_address.h"
#include "router/router.h"
#include "router/server_spec.h"

namespace sluice::server {

// What an HTTPServer keeps through its updates.
struct ServerState {
  explicit ServerState(unsigned core_count) : stats(core_count) {}
  observe::RequestStats stats;
  std::atomic<std::uint32_t> open_connections{0};
  const std::shared_ptr<net::TicketKeys> tickets = std::make_shared<net::TicketKeys>();
};

// An HTTPServer of one generation; shared by the cores.
struct ServerPrototype {
  router::HttpServerSpec spec;
  router::Router router;
  router::TrustedProxies trusted_proxies;
  observe::AccessFormat access_format;
  std::shared_ptr<const net::TlsContext> tls;  // null: plain
  std::shared_ptr<ServerState> state;
  bool handed_over = false;  // another process serves, counts and logs the requests
};

struct Snapshot {
  std::map<std::string, std::shared_ptr<const pipeline::PipelinePrototype>, std::less<>> pipelines;
  std::map<std::string, std::shared_ptr<const ServerPrototype>, std::less<>> servers;
};

}  // namespace sluice::server
