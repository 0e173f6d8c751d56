// SPDX-License-Identifier: Apache-2.0
// The states of a pool that a hot restart passes on: pipeline::Learning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "backend/known_addresses.h"
#include "backend/server_state.h"
#include "base/json.h"
#include "config/value.h"
#include "resilience/circuit_breaker.h"

namespace sluice::filters {

// The addresses of a server's name that were found last: a new process goes on with them while the
// name cannot be looked up.
class LearningAddresses {
 public:
  static constexpr std::size_t kPassedOnAddressesMax = 64;

  LearningAddresses(std::shared_ptr<backend::KnownAddresses> known, std::uint16_t port)
      : known_(std::move(known)), port_(port) {}
  // Null: nothing was found yet.
  [[nodiscard]] Json knowledge() const;
  // Requires: no request has been served yet.
  void learn(const config::Value& value);

 private:
  const std::shared_ptr<backend::KnownAddresses> known_;
  const std::uint16_t port_;
};

struct LearningServer final : backend::ServerState {
  using backend::ServerState::knowledge;
  using backend::ServerState::learn;
  using backend::ServerState::ServerState;
  // Whether the server is healthy, and how long it is still ejected.
  [[nodiscard]] Json knowledge() const;
  // Requires: no request has been served yet.
  void learn(const config::Value& value);

  std::shared_ptr<LearningAddresses> name;  // null: the server has none
};

struct LearningBreaker final : resilience::CircuitBreaker {
  using resilience::CircuitBreaker::CircuitBreaker;
  // How long it is still open; null: it is closed.
  [[nodiscard]] Json knowledge() const;
  void learn(const config::Value& value);
};

}  // namespace sluice::filters
