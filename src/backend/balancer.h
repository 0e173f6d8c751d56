// SPDX-License-Identifier: Apache-2.0
// Balancer: which server a request goes to. Core-bound: each core takes its own turns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "backend/server.h"
#include "http/message.h"

namespace sluice::backend {

enum class Policy { round_robin, random, weighted_random, ip_hash, header_hash };

// "roundRobin", "random", "weightedRandom", "ipHash", "headerHash"; nullopt for other names.
[[nodiscard]] std::optional<Policy> parse_policy(std::string_view name);

// FNV-1, 32 bit.
[[nodiscard]] std::uint32_t fnv1(std::string_view text);

class Balancer {
 public:
  // `seed`: where round robin begins, and of the random choices.
  Balancer(Policy policy, std::string header, const std::vector<Server>& servers,
           std::uint64_t seed);

  // Index of the server; nullopt if there is none.
  [[nodiscard]] std::optional<std::size_t> choose(const http::Request& request,
                                                  std::string_view client_ip);

 private:
  std::size_t choose_weighted();

  Policy policy_;
  std::string header_;
  std::vector<std::uint64_t> weights_until_;  // of this server and all before it
  std::size_t count_;
  std::uint64_t turn_;
  std::minstd_rand random_;
};

}  // namespace sluice::backend
