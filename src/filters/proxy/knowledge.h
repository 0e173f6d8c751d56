// SPDX-License-Identifier: Apache-2.0
// The knowledge that a Proxy has of its servers, in the form in which it goes to the next process.
// A server that is away must not get requests until the next process has found out, too.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/server.h"
#include "backend/server_state.h"
#include "config/fields.h"

namespace sluice::filters {

struct ServerKnowledge {
  std::string url;
  backend::ServerState::Knowledge state;
  void fields(auto& visit) {
    visit("url", url, {.required = true});
    visit("healthy", state.healthy, {});
    visit("ejectedFor", state.ejected_for, {.min = 0});
    visit("ejections", state.ejections, {});
  }
};

struct PoolKnowledge {
  std::string pool;
  std::vector<ServerKnowledge> servers;
  std::optional<Duration> open_for;  // the rest of the breaker's open time; nullopt: it is closed
  void fields(auto& visit) {
    visit("pool", pool, {.required = true});
    visit("servers", servers, {});
    visit("openFor", open_for, {.min = 0});
  }
};

struct ProxyKnowledge {
  std::vector<PoolKnowledge> pools;
  void fields(auto& visit) { visit("pools", pools, {}); }
  // Null if there is no knowledge of that pool.
  [[nodiscard]] const PoolKnowledge* find(std::string_view pool) const;
};

// `value`: from another process, or null. A record that does not decode is ignored, because the
// other process may be another version.
[[nodiscard]] ProxyKnowledge read_knowledge(const config::Value* value);

[[nodiscard]] std::vector<ServerKnowledge> knowledge_of(const std::vector<backend::Server>& servers,
                                                        const backend::ServerStates& states);
// Requires: no request has been served yet.
void learn(const std::vector<backend::Server>& servers, const backend::ServerStates& states,
           const std::vector<ServerKnowledge>& known);

}  // namespace sluice::filters
