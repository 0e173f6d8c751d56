// SPDX-License-Identifier: Apache-2.0
#include "backend/balancer.h"

#include <algorithm>

namespace sluice::backend {

std::optional<BalancingPolicy> parse_policy(std::string_view name) {
  if (name == "roundRobin") return BalancingPolicy::round_robin;
  if (name == "random") return BalancingPolicy::random;
  if (name == "weightedRandom") return BalancingPolicy::weighted_random;
  if (name == "ipHash") return BalancingPolicy::ip_hash;
  if (name == "headerHash" || name == "cookieHash") return BalancingPolicy::header_hash;
  if (name == "leastRequests") return BalancingPolicy::least_requests;
  return std::nullopt;
}

std::uint32_t fnv1(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash * 16777619U) ^ static_cast<unsigned char>(c);
  return hash;
}

Balancer::Balancer(BalancingPolicy policy, std::string header, const std::vector<Server>& servers,
                   std::uint64_t seed)
    : policy_(policy),
      header_(std::move(header)),
      count_(servers.size()),
      turn_(seed),
      random_(static_cast<std::minstd_rand::result_type>(seed)) {
  std::int64_t total = 0;
  for (const Server& server : servers) total += server.weight;
  if (total == 0) return;
  for (const Server& server : servers) weights_.push_back(server.weight);
  credits_.resize(weights_.size());
}

std::optional<std::size_t> Balancer::choose(const http::Request& request,
                                            std::string_view client_ip,
                                            std::span<const std::size_t> candidates,
                                            const Availability& availability) {
  if (candidates.empty()) return std::nullopt;
  if (candidates.size() == 1) return candidates.front();
  switch (policy_) {
    case BalancingPolicy::round_robin:
      return weights_.empty() ? next_turn(candidates) : weighted_turn(candidates);
    case BalancingPolicy::random:
      return candidates[random_below(candidates.size())];
    case BalancingPolicy::weighted_random:
      return weights_.empty() ? candidates[random_below(candidates.size())]
                              : weighted_pick(candidates);
    case BalancingPolicy::ip_hash:
      return by_hash(client_ip, candidates);
    case BalancingPolicy::header_hash:
      return by_hash(request.headers.get(header_).value_or(""), candidates);
    case BalancingPolicy::least_requests:
      return of_two(candidates, availability);
  }
  return std::nullopt;
}

std::size_t Balancer::next_turn(std::span<const std::size_t> candidates) {
  return candidates[turn_++ % candidates.size()];
}

// Smooth weighted round robin: each turn adds every weight to its credit, and the highest credit
// pays the sum of all weights.
std::size_t Balancer::weighted_turn(std::span<const std::size_t> candidates) {
  std::int64_t total = 0;
  std::size_t best = candidates.front();
  for (const std::size_t i : candidates) {
    credits_[i] += weights_[i];
    total += weights_[i];
    if (credits_[i] > credits_[best]) best = i;
  }
  credits_[best] -= total;
  return best;
}

std::size_t Balancer::weighted_pick(std::span<const std::size_t> candidates) {
  std::int64_t total = 0;
  for (const std::size_t i : candidates) total += weights_[i];
  auto left = static_cast<std::int64_t>(random_below(static_cast<std::size_t>(total)));
  for (const std::size_t i : candidates) {
    left -= weights_[i];
    if (left < 0) return i;
  }
  return candidates.back();
}

std::size_t Balancer::of_two(std::span<const std::size_t> candidates,
                             const Availability& availability) {
  const std::size_t first = random_below(candidates.size());
  std::size_t second = random_below(candidates.size() - 1);
  if (second >= first) ++second;
  const std::size_t a = candidates[first];
  const std::size_t b = candidates[second];
  return availability.in_flight(b) < availability.in_flight(a) ? b : a;
}

// While a server is away, only its own share moves.
std::size_t Balancer::by_hash(std::string_view text,
                              std::span<const std::size_t> candidates) const {
  const std::uint32_t hash = fnv1(text);
  const std::size_t home = hash % count_;
  if (std::ranges::binary_search(candidates, home)) return home;
  return candidates[hash % candidates.size()];
}

std::size_t Balancer::random_below(std::size_t count) {
  return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
}

}  // namespace sluice::backend
