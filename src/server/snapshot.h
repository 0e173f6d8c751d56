// SPDX-License-Identifier: Apache-2.0
// One generation of everything that serves: complete, validated, immutable. control/ builds it.
// Every worker swaps to it between two requests.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "http/field_twins.h"
#include "net/tls/tls_context.h"
#include "observe/access_log.h"
#include "observe/counter.h"
#include "observe/refusals.h"
#include "observe/request_stats.h"
#include "pipeline/custom_data.h"
#include "pipeline/pipeline.h"
#include "router/client_address.h"
#include "router/router.h"
#include "server/admission.h"
#include "server/client_limits.h"
#include "server/connection_counts.h"
#include "server/overload.h"
#include "server/places.h"
#include "server/route_stats.h"
#include "server/server_spec.h"
#include "tracing/tracer.h"

namespace sluice::server {

// The counters of an HTTPServer, by core and by client. Updates keep them.
struct ServerCounters {
  explicit ServerCounters(unsigned core_count)
      : stats(core_count),
        overload(core_count),
        refusals(core_count),
        routes(core_count),
        connections(core_count),
        places(std::make_shared<Places>(core_count)) {}
  observe::RequestStats stats;
  observe::PerCore<OverloadCells> overload;
  observe::Refusals refusals;
  RouteStats routes;
  observe::PerCore<ConnectionCounts> connections;
  ClientTable clients;
  const std::shared_ptr<Places> places;  // maxConnections
};

// An HTTPServer of one generation; shared by the cores.
struct ServerPrototype {
  HttpServerSpec spec;
  router::Router router;
  router::TrustedProxies trusted_proxies;
  observe::AccessFormat access_format;
  http::FieldTwins request_id_fields{};  // the header of requestId; may be empty
  std::shared_ptr<net::TicketKeys> tickets;    // of `tls`, for the next generation
  std::shared_ptr<const net::TlsContext> tls;  // null: plain TCP
  // The admission that its connections must show.
  std::shared_ptr<const Admission> admission = std::make_shared<const Admission>();
  std::shared_ptr<ServerCounters> counters;
  std::shared_ptr<tracing::Tracer> tracer;  // null: requests are not traced
  RouteStats::OfPaths routes{};  // by router::Route::place; may be empty: they count as `none`
  bool handed_over = false;      // another process serves, counts and logs the requests
  bool internal = false;         // of the process itself: its requests are not counted or logged
};

// A pipeline that is configured and does not run.
struct AbsentPipeline {
  std::string error;
  bool being_built;  // it will run in a moment; there is no error
};
using AbsentPipelines = std::map<std::string, AbsentPipeline, std::less<>>;

// What an early end of a flow does not end, for a GlobalFilter.
struct Fallthrough {
  bool before_pipeline = false;
  bool pipeline = false;
};
// The keys of its pipelines in Snapshot::pipelines. No object can have such a name.
[[nodiscard]] inline std::string before_key(const std::string& name) { return name + "/before"; }
[[nodiscard]] inline std::string after_key(const std::string& name) { return name + "/after"; }

struct Snapshot {
  std::map<std::string, std::shared_ptr<const pipeline::PipelinePrototype>, std::less<>> pipelines;
  std::map<std::string, std::shared_ptr<const ServerPrototype>, std::less<>> servers;
  std::shared_ptr<const AbsentPipelines> absent;                      // may be null: none
  std::map<std::string, Fallthrough, std::less<>> global_filters{};   // by name
  std::shared_ptr<const pipeline::CustomDataSnapshot> custom_data{};  // null: none
};

}  // namespace sluice::server
