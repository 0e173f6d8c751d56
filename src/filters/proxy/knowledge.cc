// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/knowledge.h"

#include <algorithm>

namespace sluice::filters {

const PoolKnowledge* ProxyKnowledge::find(std::string_view pool) const {
  const auto found = std::ranges::find(pools, pool, &PoolKnowledge::pool);
  return found != pools.end() ? &*found : nullptr;
}

ProxyKnowledge read_knowledge(const config::Value* value) {
  if (value == nullptr) return {};
  config::Faults faults;
  auto known = config::decode<ProxyKnowledge>(*value, "", faults);
  return faults.empty() ? std::move(known) : ProxyKnowledge{};
}

std::vector<ServerKnowledge> knowledge_of(const std::vector<backend::Server>& servers,
                                          const backend::ServerStates& states) {
  std::vector<ServerKnowledge> known;
  for (std::size_t i = 0; i < servers.size(); ++i)
    known.push_back({servers[i].url, states[i]->knowledge(Clock::now())});
  return known;
}

void learn(const std::vector<backend::Server>& servers, const backend::ServerStates& states,
           const std::vector<ServerKnowledge>& known) {
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto found = std::ranges::find(known, servers[i].url, &ServerKnowledge::url);
    if (found != known.end()) states[i]->learn(found->state, Clock::now());
  }
}

}  // namespace sluice::filters
