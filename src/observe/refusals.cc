// SPDX-License-Identifier: Apache-2.0
#include "observe/refusals.h"

#include <nlohmann/json.hpp>

namespace sluice::observe {

std::string_view to_string(Limit limit) {
  static constexpr std::array<std::string_view, kLimits> kNames{"memoryBudget.streams",
                                                                "memoryBudget.heads",
                                                                "memoryBudget.bodies",
                                                                "memoryBudget.responses",
                                                                "memoryBudget.idleConnections",
                                                                "memoryBudget.connections",
                                                                "connectionHeads",
                                                                "connectionMemory",
                                                                "clientLimits.connections",
                                                                "clientLimits.streams",
                                                                "clientLimits.requestsPerSecond",
                                                                "clientLimits.handshakesPerSecond"};
  return kNames[static_cast<std::size_t>(limit)];
}

std::uint64_t Refusals::count(Limit limit) const {
  std::uint64_t sum = 0;
  for (unsigned core = 0; core < cells_.size(); ++core)
    sum += cells_.at(core).counts[static_cast<std::size_t>(limit)].get();
  return sum;
}

Json Refusals::to_json() const {
  Json json = Json::object();
  for (std::size_t i = 0; i < kLimits; ++i) {
    const auto limit = static_cast<Limit>(i);
    json[std::string(to_string(limit))] = count(limit);
  }
  return json;
}

}  // namespace sluice::observe
