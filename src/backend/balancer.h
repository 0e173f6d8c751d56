// SPDX-License-Identifier: Apache-2.0
// Balancer: chooses the server for a request. Core-bound: each core rotates by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/server.h"
#include "backend/server_state.h"
#include "http/message.h"

namespace sluice::backend {

enum class BalancingPolicy {
  round_robin,      // in turn; weighted servers get their share, evenly spread
  random,           //
  weighted_random,  // by weight; without weights as `random`
  ip_hash,          // by the client's address
  header_hash,      // by the first field of a name
  least_requests,   // of two random servers, the one with fewer open tries on this core
};

// "roundRobin", "random", "weightedRandom", "ipHash", "headerHash", "leastRequests", and
// "cookieHash", which is header_hash of Cookie; nullopt for other names.
[[nodiscard]] std::optional<BalancingPolicy> parse_policy(std::string_view name);

// FNV-1, 32 bit.
[[nodiscard]] std::uint32_t fnv1(std::string_view text);

class Balancer {
 public:
  // `header`: for header_hash. `seed`: the start of round robin and of the random choices.
  Balancer(BalancingPolicy policy, std::string header, const std::vector<Server>& servers,
           std::uint64_t seed);

  // One of `candidates` (indexes in rising order); nullopt if there is none.
  [[nodiscard]] std::optional<std::size_t> choose(const http::Request& request,
                                                  std::string_view client_ip,
                                                  std::span<const std::size_t> candidates,
                                                  const Availability& availability);

 private:
  std::size_t next_turn(std::span<const std::size_t> candidates);
  std::size_t weighted_turn(std::span<const std::size_t> candidates);
  std::size_t weighted_pick(std::span<const std::size_t> candidates);
  std::size_t of_two(std::span<const std::size_t> candidates, const Availability& availability);
  [[nodiscard]] std::size_t by_hash(std::string_view text,
                                    std::span<const std::size_t> candidates) const;
  std::size_t random_below(std::size_t count);

  BalancingPolicy policy_;
  std::string header_;
  std::vector<std::int64_t> weights_;  // empty: no weights are given
  std::vector<std::int64_t> credits_;  // for weighted round robin
  std::size_t count_;
  std::uint64_t turn_;
  std::minstd_rand random_;
};

}  // namespace sluice::backend
