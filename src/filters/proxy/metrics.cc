// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/metrics.h"

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/time.h"

namespace sluice::filters {
namespace {

using observe::MetricFamily;
using observe::MetricType;

constexpr std::string_view kPoolLabels = "pipeline,filter,pool";
constexpr std::string_view kServerLabels = "pipeline,filter,pool,server";

// Indices of kPoolFamilies.
struct PoolFigure {
  enum Index : std::size_t {
    durations,
    errors,
    retries,
    retry_budget,
    breaker_open,
    breaker_opened,
    breaker_refused,
    requests,
    failures,
    abandoned,
    in_flight,
    connections,
    queued,
    healthy,
    ejected
  };
};
constexpr std::array kPoolFamilies{
    MetricFamily{"sluice_pool_duration_seconds", MetricType::histogram,
                 "Exchanges with the pool and their durations, retries included. The bounds are "
                 "right within 12.5 percent.",
                 "seconds", kPoolLabels},
    MetricFamily{"sluice_pool_errors_total", MetricType::counter,
                 "Exchanges whose response had a status of 400 or more, or that had none.", "",
                 kPoolLabels},
    MetricFamily{"sluice_pool_retries_total", MetricType::counter, "Tries after the first.", "",
                 kPoolLabels},
    MetricFamily{"sluice_pool_retry_budget", MetricType::gauge,
                 "Retries that the budget allows now.", "", kPoolLabels},
    MetricFamily{
        "sluice_pool_breaker_open", MetricType::gauge,
        "The circuit breaker: 0 closed, 0.5 the next requests decide, 1 it refuses requests.", "",
        kPoolLabels},
    MetricFamily{"sluice_pool_breaker_opened_total", MetricType::counter,
                 "Times that the breaker has opened.", "", kPoolLabels},
    MetricFamily{"sluice_pool_breaker_refused_total", MetricType::counter,
                 "Exchanges that the breaker refused.", "", kPoolLabels},
    MetricFamily{"sluice_backend_requests_total", MetricType::counter, "Tries at the server.", "",
                 kServerLabels},
    MetricFamily{"sluice_backend_failures_total", MetricType::counter,
                 "Tries without a whole response.", "", kServerLabels},
    MetricFamily{"sluice_backend_abandoned_total", MetricType::counter,
                 "Tries whose client left before there was a response.", "", kServerLabels},
    MetricFamily{"sluice_backend_requests_in_flight", MetricType::gauge, "Tries in progress.", "",
                 kServerLabels},
    MetricFamily{"sluice_backend_connections", MetricType::gauge, "Open connections.", "",
                 kServerLabels},
    MetricFamily{"sluice_backend_queued_requests", MetricType::gauge,
                 "Requests that wait for a connection.", "", kServerLabels},
    MetricFamily{"sluice_backend_healthy", MetricType::gauge,
                 "1: the health check succeeds, or there is none.", "", kServerLabels},
    MetricFamily{"sluice_backend_ejected", MetricType::gauge,
                 "1: left out for a while after failures.", "", kServerLabels}};

// The figure says what the next request meets: a breaker whose time is over is half open, even if
// no request has come since.
double breaker_value(const resilience::CircuitBreaker& breaker) {
  const auto stay = breaker.open_for(Clock::now());
  if (!stay) return 0;
  return *stay > Duration::zero() ? 1 : 0.5;
}

// The sums of the servers with one URL. They are in use if one of them is.
struct ServerFigures {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  std::uint64_t abandoned = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t connections = 0;
  std::uint64_t queued = 0;
  bool healthy = false;
  bool ejected = true;

  void add(const backend::ServerState& state, bool checked) {
    using Cells = backend::ServerState::Cells;
    requests += state.cells.sum(&Cells::requests);
    failures += state.cells.sum(&Cells::failures);
    abandoned += state.cells.sum(&Cells::abandoned);
    in_flight += state.cells.sum(&Cells::in_flight);
    connections += state.gate->open();
    queued += state.gate->queued();
    healthy = healthy || !checked || state.healthy();
    ejected = ejected && state.ejected(Clock::now());
  }
};

}  // namespace

observe::MetricFamilies proxy_metric_families() { return kPoolFamilies; }

void expose_pool(const observe::RequestStats& stats, const PoolPolicies& policies,
                 const PoolPlace& place, observe::Exposition& out) {
  const auto add = [&](PoolFigure::Index family, double value) {
    out.sample(kPoolFamilies[family], {place.filter.pipeline, place.filter.filter, place.pool},
               value);
  };
  out.histogram(kPoolFamilies[PoolFigure::durations],
                {place.filter.pipeline, place.filter.filter, place.pool}, stats.durations());
  add(PoolFigure::errors, static_cast<double>(stats.errors()));
  if (policies.retry) {
    add(PoolFigure::retries, static_cast<double>(policies.retry->retries()));
    add(PoolFigure::retry_budget, static_cast<double>(policies.retry->budget().available()));
  }
  if (policies.breaker) {
    add(PoolFigure::breaker_open, breaker_value(*policies.breaker));
    const Json status = policies.breaker->status(Clock::now());
    add(PoolFigure::breaker_opened, status.at("opened").get<double>());
    add(PoolFigure::breaker_refused, status.at("shortCircuited").get<double>());
  }
}

void expose_servers(const backend::Servers& servers, const backend::ServerStates& states,
                    bool checked, const PoolPlace& place, observe::Exposition& out) {
  std::map<std::string_view, ServerFigures> figures;  // a pool may name a server twice
  for (std::size_t i = 0; i < servers.size(); ++i) figures[servers[i].url].add(*states[i], checked);
  for (const auto& [url, its] : figures) {
    const auto add = [&](PoolFigure::Index family, double value) {
      out.sample(kPoolFamilies[family],
                 {place.filter.pipeline, place.filter.filter, place.pool, url}, value);
    };
    add(PoolFigure::requests, static_cast<double>(its.requests));
    add(PoolFigure::failures, static_cast<double>(its.failures));
    add(PoolFigure::abandoned, static_cast<double>(its.abandoned));
    add(PoolFigure::in_flight, static_cast<double>(its.in_flight));
    add(PoolFigure::connections, static_cast<double>(its.connections));
    add(PoolFigure::queued, static_cast<double>(its.queued));
    add(PoolFigure::healthy, its.healthy ? 1 : 0);
    add(PoolFigure::ejected, its.ejected ? 1 : 0);
  }
}

}  // namespace sluice::filters
