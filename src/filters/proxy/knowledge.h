// SPDX-License-Identifier: Apache-2.0
// The states of a pool that a hot restart passes on: pipeline::Learning.
#pragma once

#include "backend/server_state.h"
#include "base/json.h"
#include "config/value.h"
#include "resilience/circuit_breaker.h"

namespace sluice::filters {

struct LearningServer final : backend::ServerState {
  using backend::ServerState::knowledge;
  using backend::ServerState::learn;
  using backend::ServerState::ServerState;
  // Whether the server is healthy, and how long it is still ejected.
  [[nodiscard]] Json knowledge() const;
  // Requires: no request has been served yet.
  void learn(const config::Value& value);
};

struct LearningBreaker final : resilience::CircuitBreaker {
  using resilience::CircuitBreaker::CircuitBreaker;
  // How long it is still open; null: it is closed.
  [[nodiscard]] Json knowledge() const;
  void learn(const config::Value& value);
};

}  // namespace sluice::filters
