// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "control/kinds/http_server.h"
#include "server/metrics.h"
#include "tracing/metrics.h"

namespace sluice::control {
namespace {

Json overload_status(const server::ServerPrototype& server) {
  const auto sums = server::sum_overload(server.counters->overload, server.spec.overload);
  return {{"overloaded", sums.overloaded},
          {"delayMs", static_cast<double>(sums.delay_us) / 1000},
          {"shed", sums.shed},
          {"knownServed", sums.known}};
}

// The budget covers the whole process: all HTTPServers share it.
Json memory_status(const MemoryBudget& budget) {
  Json held = Json::object();
  for (std::size_t use = 0; use < kMemoryUses; ++use)
    held[std::string(to_string(static_cast<MemoryUse>(use)))] =
        budget.held(static_cast<MemoryUse>(use));
  return {{"budget", budget.bytes()}, {"leased", budget.leased()}, {"held", std::move(held)}};
}

}  // namespace

Json HttpServerObject::status(const StatusContext& context) const {
  Json status = server_->counters->stats.to_json();
  status["overload"] = overload_status(*server_);
  const bool overloaded = status["overload"]["overloaded"].get<bool>();
  status["health"] = context.port_error.empty() && overloaded
                         ? "overloaded: requests of users who are not in are answered 503"
                         : context.port_error;
  status["error"] = context.port_error;
  status["refusals"] = server_->counters->refusals.to_json();
  status["memory"] = memory_status(context.memory);
  for (const auto& [path, pool] : pools_) status["backendPools"][path] = pool->status()["filters"];
  if (server_->tracer) status["tracing"] = server_->tracer->status();
  status["openConnections"] = server_->counters->places->taken();
  return status;
}

void HttpServerObject::expose(const StatusContext& context, observe::Exposition& out) const {
  server::expose(*server_, context.port_error.empty(), out);
  if (server_->tracer) tracing::expose(*server_->tracer, server_->spec.name, out);
  for (const auto& [place, pool] : pools_) pool->expose(server_->spec.name + "/" + place, out);
}

}  // namespace sluice::control
