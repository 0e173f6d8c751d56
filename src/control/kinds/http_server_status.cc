// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/kinds/http_server.h"

namespace sluice::control {
namespace {

Json overload_status(const server::ServerPrototype& server) {
  const auto& cores = server.counters->overload;
  const auto now = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  constexpr auto kMemory = static_cast<std::uint64_t>(server::OverloadCells::kMemory / Duration(1));
  const Duration target = server.spec.overload.target;
  const auto is_recent = [now](const observe::Cell& at) {
    return at.get() != 0 && now - std::min(now, at.get()) < kMemory;
  };
  bool overloaded = target == Duration::zero();
  std::uint64_t delay_us = 0;
  for (unsigned i = 0; i < cores.size(); ++i) {
    const server::OverloadCells& core = cores.at(i);
    overloaded = overloaded || is_recent(core.overloaded_at);
    delay_us = std::max(delay_us, core.delay_us.get());
  }
  return {{"overloaded", overloaded},
          {"delayMs", static_cast<double>(delay_us) / 1000},
          {"shed", cores.sum(&server::OverloadCells::shed)},
          {"knownServed", cores.sum(&server::OverloadCells::known)}};
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

}  // namespace sluice::control
