// SPDX-License-Identifier: Apache-2.0
#include "backend/balancer.h"

#include <algorithm>

namespace sluice::backend {

std::optional<Policy> parse_policy(std::string_view name) {
  if (name == "roundRobin") return Policy::round_robin;
  if (name == "random") return Policy::random;
  if (name == "weightedRandom") return Policy::weighted_random;
  if (name == "ipHash") return Policy::ip_hash;
  if (name == "headerHash") return Policy::header_hash;
  return std::nullopt;
}

std::uint32_t fnv1(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash * 16777619U) ^ static_cast<unsigned char>(c);
  return hash;
}

Balancer::Balancer(Policy policy, std::string header, const std::vector<Server>& servers,
                   std::uint64_t seed)
    : policy_(policy),
      header_(std::move(header)),
      count_(servers.size()),
      turn_(seed),
      random_(static_cast<std::minstd_rand::result_type>(seed)) {
  std::uint64_t total = 0;
  for (const Server& server : servers) {
    total += static_cast<std::uint64_t>(std::max(server.weight, 0));
    weights_until_.push_back(total);
  }
  if (total == 0 && policy_ == Policy::weighted_random) policy_ = Policy::random;
}

std::optional<std::size_t> Balancer::choose(const http::Request& request,
                                            std::string_view client_ip) {
  if (count_ == 0) return std::nullopt;
  if (count_ == 1) return 0;
  switch (policy_) {
    case Policy::round_robin:
      return turn_++ % count_;
    case Policy::random:
      return std::uniform_int_distribution<std::size_t>(0, count_ - 1)(random_);
    case Policy::weighted_random:
      return choose_weighted();
    case Policy::ip_hash:
      return fnv1(client_ip) % count_;
    case Policy::header_hash:
      return fnv1(request.headers.get(header_).value_or("")) % count_;
  }
  return std::nullopt;
}

std::size_t Balancer::choose_weighted() {
  const auto pick =
      std::uniform_int_distribution<std::uint64_t>(0, weights_until_.back() - 1)(random_);
  const auto found = std::ranges::upper_bound(weights_until_, pick);
  return static_cast<std::size_t>(found - weights_until_.begin());
}

}  // namespace sluice::backend
