// SPDX-License-Identifier: Apache-2.0
// One generation of everything that serves: complete, validated, immutable. control/ builds it.
// Every worker swaps to it between two requests.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "net/tls/tls_context.h"
#include "observe/access_log.h"
#include "observe/counter.h"
#include "observe/refusals.h"
#include "observe/request_stats.h"
#include "pipeline/pipeline.h"
#include "router/client_address.h"
#include "router/router.h"
#include "router/server_spec.h"
#include "server/admission.h"
#include "server/client_limits.h"
#include "server/places.h"

namespace sluice::server {

// The overload counters of one HTTPServer on one core.
struct OverloadCells {
  // How long a core counts as overloaded after a late request.
  static constexpr Duration kMemory = std::chrono::seconds(1);

  observe::Cell shed;           // requests of unknown users answered 503
  observe::Cell known;          // late requests of known users, which were served
  observe::Cell delay_us;       // the longest wait of a request within the last second
  observe::Cell overloaded_at;  // when the last late request came: Clock's nanoseconds
};

// The state that an HTTPServer keeps across updates.
struct ServerState {
  explicit ServerState(unsigned core_count)
      : stats(core_count),
        overload(core_count),
        refusals(core_count),
        places(std::make_shared<Places>(core_count)) {}
  observe::RequestStats stats;
  observe::PerCore<OverloadCells> overload;
  observe::Refusals refusals;
  ClientTable clients;
  const std::shared_ptr<Places> places;  // maxConnections
};

// An HTTPServer of one generation; shared by the cores.
struct ServerPrototype {
  router::HttpServerSpec spec;
  router::Router router;
  router::TrustedProxies trusted_proxies;
  observe::AccessFormat access_format;
  std::shared_ptr<net::TicketKeys> tickets;    // of `tls`, for the next generation
  std::shared_ptr<const net::TlsContext> tls;  // null: plain TCP
  // The admission that its connections must show.
  std::shared_ptr<const Admission> admission = std::make_shared<const Admission>();
  std::shared_ptr<ServerState> state;
  bool handed_over = false;  // another process serves, counts and logs the requests
};

// A pipeline that is configured and does not run.
struct AbsentPipeline {
  std::string error;
  bool being_built;  // it will run in a moment; there is no error
};
using AbsentPipelines = std::map<std::string, AbsentPipeline, std::less<>>;

struct Snapshot {
  std::map<std::string, std::shared_ptr<const pipeline::PipelinePrototype>, std::less<>> pipelines;
  std::map<std::string, std::shared_ptr<const ServerPrototype>, std::less<>> servers;
  std::shared_ptr<const AbsentPipelines> absent;  // may be null: none
};

}  // namespace sluice::server
