// SPDX-License-Identifier: Apache-2.0
#include "server/metrics.h"

#include <algorithm>
#include <array>

#include "base/time.h"

namespace sluice::server {
namespace {

using observe::Exposition;
using observe::MetricFamily;
using observe::MetricType;

// Indices of kServerFamilies.
struct ServerFigure {
  enum Index : std::size_t {
    durations,
    requests,
    received,
    sent,
    up,
    connections,
    connections_max,
    accepted,
    handshakes,
    protocol_errors,
    refusals,
    overloaded,
    delay,
    shed,
    known,
    gateway_responses,
    closed
  };
};
constexpr std::array kServerFamilies{
    MetricFamily{"http_server_request_duration_seconds", MetricType::histogram,
                 "Requests and their durations, from the first byte to the last byte of the "
                 "response. route: the hosts and the path of the rule; none: no rule matched.",
                 "seconds", "server,route,pipeline,status"},
    MetricFamily{"sluice_server_requests_total", MetricType::counter,
                 "Requests by class of status. A class that never occurred is 0.", "",
                 "server,status"},
    MetricFamily{"sluice_server_received_bytes_total", MetricType::counter, "Bytes of requests.",
                 "bytes", "server"},
    MetricFamily{"sluice_server_sent_bytes_total", MetricType::counter, "Bytes of responses.",
                 "bytes", "server"},
    MetricFamily{"sluice_server_up", MetricType::gauge, "1: the server listens as configured.", "",
                 "server"},
    MetricFamily{"sluice_server_connections", MetricType::gauge, "Open connections.", "", "server"},
    MetricFamily{"sluice_server_connections_max", MetricType::gauge,
                 "The limit of open connections (maxConnections).", "", "server"},
    MetricFamily{"sluice_server_accepted_connections_total", MetricType::counter,
                 "Connections accepted.", "", "server"},
    MetricFamily{"sluice_server_tls_handshakes_total", MetricType::counter,
                 "TLS handshakes, by result: done, or failed.", "", "server,result"},
    MetricFamily{"sluice_server_protocol_errors_total", MetricType::counter,
                 "Heads (http1) and connections (http2) that ended as malformed.", "",
                 "server,protocol"},
    MetricFamily{"sluice_server_refusals_total", MetricType::counter,
                 "Refusals, by the name of the limit (docs/limits.md).", "", "server,limit"},
    MetricFamily{"sluice_server_overloaded", MetricType::gauge,
                 "1: requests of users who are not in are answered 503.", "", "server"},
    MetricFamily{"sluice_server_queue_delay_seconds", MetricType::gauge,
                 "The longest wait of a request for its core, of the cores.", "seconds", "server"},
    MetricFamily{"sluice_server_shed_total", MetricType::counter, "Requests shed under overload.",
                 "", "server"},
    MetricFamily{"sluice_server_known_served_total", MetricType::counter,
                 "Late requests served under overload, because their users are in.", "", "server"},
    MetricFamily{"sluice_gateway_responses_total", MetricType::counter,
                 "Responses that the gateway made itself, and exchanges that broke off, by code "
                 "(docs/codes.md). A code that never occurred has no series.",
                 "", "server,code"},
    MetricFamily{"sluice_server_closed_connections_total", MetricType::counter,
                 "Connections that ended without a request, by code (docs/codes.md). A code that "
                 "never occurred has no series.",
                 "", "server,code"}};

constexpr std::array kClassNames{"1xx", "2xx", "3xx", "4xx", "5xx"};

void expose_routes(const ServerCounters& counters, const std::string& name, Exposition& out) {
  counters.routes.each([&](const RouteStats::Key& key, const RouteCounts& counts) {
    for (std::size_t i = 0; i < RouteCounts::kClasses; ++i) {
      const observe::DurationCounts its = counts.of_class(i);
      if (its.count() == 0) continue;
      out.histogram(kServerFamilies[ServerFigure::durations],
                    {name, key.route, key.pipeline, kClassNames[i]}, its);
    }
  });
}

void expose_classes(const ServerCounters& counters, const std::string& name, Exposition& out) {
  const auto classes = counters.stats.classes();
  for (std::size_t i = 0; i < classes.size(); ++i) {
    out.sample(kServerFamilies[ServerFigure::requests], {name, kClassNames[i]},
               static_cast<double>(classes[i]));
  }
}

void expose_causes(const ServerCounters& counters, const std::string& name, Exposition& out) {
  for (std::size_t i = 1; i < http::kCauses; ++i) {
    const auto cause = static_cast<http::Cause>(i);
    const std::uint64_t count = counters.causes.count(cause);
    if (count == 0) continue;
    const auto figure =
        i < http::kFirstOfConnections ? ServerFigure::gateway_responses : ServerFigure::closed;
    out.sample(kServerFamilies[figure], {name, http::code_of(cause)}, static_cast<double>(count));
  }
}

void expose_connections(const ServerCounters& counters, const std::string& name, Exposition& out) {
  const auto sum = [&counters](observe::Cell ConnectionCounts::*cell) {
    return static_cast<double>(counters.connections.sum(cell));
  };
  out.sample(kServerFamilies[ServerFigure::connections], {name}, counters.places->taken());
  out.sample(kServerFamilies[ServerFigure::accepted], {name}, sum(&ConnectionCounts::accepted));
  out.sample(kServerFamilies[ServerFigure::handshakes], {name, "done"},
             sum(&ConnectionCounts::handshakes));
  out.sample(kServerFamilies[ServerFigure::handshakes], {name, "failed"},
             sum(&ConnectionCounts::failed_handshakes));
  out.sample(kServerFamilies[ServerFigure::protocol_errors], {name, "http1"},
             sum(&ConnectionCounts::h1_errors));
  out.sample(kServerFamilies[ServerFigure::protocol_errors], {name, "http2"},
             sum(&ConnectionCounts::h2_errors));
  for (std::size_t i = 0; i < observe::kLimits; ++i) {
    const auto limit = static_cast<observe::Limit>(i);
    out.sample(kServerFamilies[ServerFigure::refusals], {name, to_string(limit)},
               static_cast<double>(counters.refusals.count(limit)));
  }
}

}  // namespace

observe::MetricFamilies metric_families() { return kServerFamilies; }

void expose(const ServerPrototype& server, bool listens, Exposition& out) {
  const ServerCounters& counters = *server.counters;
  const std::string& name = server.spec.name;
  expose_routes(counters, name, out);
  expose_classes(counters, name, out);
  expose_connections(counters, name, out);
  expose_causes(counters, name, out);
  const OverloadSums overload = sum_overload(counters.overload, server.spec.overload);
  out.sample(kServerFamilies[ServerFigure::received], {name},
             static_cast<double>(counters.stats.request_bytes()));
  out.sample(kServerFamilies[ServerFigure::sent], {name},
             static_cast<double>(counters.stats.response_bytes()));
  out.sample(kServerFamilies[ServerFigure::connections_max], {name}, server.spec.max_connections);
  out.sample(kServerFamilies[ServerFigure::up], {name}, listens ? 1 : 0);
  out.sample(kServerFamilies[ServerFigure::overloaded], {name}, overload.overloaded ? 1 : 0);
  out.sample(kServerFamilies[ServerFigure::delay], {name},
             static_cast<double>(overload.delay_us) / 1e6);
  out.sample(kServerFamilies[ServerFigure::shed], {name}, static_cast<double>(overload.shed));
  out.sample(kServerFamilies[ServerFigure::known], {name}, static_cast<double>(overload.known));
}

}  // namespace sluice::server
