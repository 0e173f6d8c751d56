// SPDX-License-Identifier: Apache-2.0
#include "backend/balancer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace sluice::backend {
namespace {

std::vector<Server> servers(std::initializer_list<int> weights) {
  std::vector<Server> made;
  for (const int weight : weights) {
    made.emplace_back();
    made.back().weight = weight;
  }
  return made;
}

class BalancerTest : public testing::Test {
 protected:
  BalancerTest() {
    for (int i = 0; i < 3; ++i) states_.push_back(std::make_shared<ServerState>(1));
  }
  std::optional<std::size_t> choose(Balancer& balancer, std::string_view ip = "10.0.0.1") {
    std::vector<std::size_t> candidates;
    availability_.list(candidates);
    return balancer.choose(request_, ip, candidates, availability_);
  }
  std::array<int, 3> counts(Balancer& balancer, int requests) {
    std::array<int, 3> seen{};
    for (int i = 0; i < requests; ++i) ++seen.at(*choose(balancer));
    return seen;
  }

  ServerStates states_;
  Availability availability_{states_, true, 0};
  http::Request request_;
};

TEST_F(BalancerTest, RoundRobinTakesTurns) {
  Balancer balancer(BalancingPolicy::round_robin, "", servers({0, 0, 0}), 1);
  EXPECT_EQ(choose(balancer), 1U);
  EXPECT_EQ(choose(balancer), 2U);
  EXPECT_EQ(choose(balancer), 0U);
}

TEST_F(BalancerTest, WeightedTurnsAreSpreadEvenly) {
  Balancer balancer(BalancingPolicy::round_robin, "", servers({5, 1, 1}), 1);
  std::string turns;
  for (int i = 0; i < 14; ++i) turns += static_cast<char>('a' + *choose(balancer));
  EXPECT_EQ(turns, "aabacaaaabacaa");
}

TEST_F(BalancerTest, NobodyIsThere) {
  for (const auto& state : states_) state->set_healthy(false);
  for (const auto policy :
       {BalancingPolicy::round_robin, BalancingPolicy::random, BalancingPolicy::weighted_random,
        BalancingPolicy::ip_hash, BalancingPolicy::least_requests}) {
    Balancer balancer(policy, "", servers({0, 0, 0}), 1);
    EXPECT_EQ(choose(balancer), std::nullopt);
  }
}

TEST_F(BalancerTest, UnhealthyServersGetNothing) {
  states_[1]->set_healthy(false);
  for (const auto policy :
       {BalancingPolicy::round_robin, BalancingPolicy::random, BalancingPolicy::weighted_random,
        BalancingPolicy::header_hash, BalancingPolicy::least_requests}) {
    for (const auto& weights : {servers({0, 0, 0}), servers({1, 5, 1})}) {
      Balancer balancer(policy, "X-Absent", weights, 3);
      EXPECT_EQ(counts(balancer, 100)[1], 0);
    }
  }
}

TEST_F(BalancerTest, WeightsAreKept) {
  Balancer balancer(BalancingPolicy::weighted_random, "", servers({1, 0, 3}), 7);
  const auto seen = counts(balancer, 4000);
  EXPECT_NEAR(seen[0], 1000, 150);
  EXPECT_EQ(seen[1], 0);
  EXPECT_NEAR(seen[2], 3000, 150);
}

TEST_F(BalancerTest, WithoutWeightsAllServersHaveTheSameChance) {
  Balancer balancer(BalancingPolicy::weighted_random, "", servers({0, 0, 0}), 7);
  for (const int seen : counts(balancer, 3000)) EXPECT_NEAR(seen, 1000, 150);
}

TEST_F(BalancerTest, HashesStay) {
  Balancer by_ip(BalancingPolicy::ip_hash, "", servers({0, 0, 0}), 1);
  EXPECT_THAT(counts(by_ip, 9), testing::Contains(9));
  Balancer by_header(BalancingPolicy::header_hash, "X-User", servers({0, 0, 0}), 1);
  request_.headers.add("X-User", "user1");
  const auto first = choose(by_header);
  EXPECT_EQ(choose(by_header), first);
  EXPECT_EQ(first, fnv1("user1") % 3);
}

TEST_F(BalancerTest, OnlyTheClientsOfAServerThatIsAwayMove) {
  Balancer by_ip(BalancingPolicy::ip_hash, "", servers({0, 0, 0}), 1);
  std::vector<std::size_t> before;
  for (int i = 0; i < 60; ++i) before.push_back(*choose(by_ip, "10.0.0." + std::to_string(i)));
  states_[2]->set_healthy(false);
  for (int i = 0; i < 60; ++i) {
    const auto now = choose(by_ip, "10.0.0." + std::to_string(i));
    if (before[i] != 2) {
      EXPECT_EQ(now, before[i]);
    }
    EXPECT_NE(now, 2U);
  }
}

TEST_F(BalancerTest, FewestRequestsOfTwo) {
  Balancer balancer(BalancingPolicy::least_requests, "", servers({0, 0, 0}), 1);
  states_[0]->cells.at(0).in_flight.add(9);
  const auto seen = counts(balancer, 300);
  EXPECT_EQ(seen[0], 0);
  EXPECT_GT(seen[1], 50);
  EXPECT_GT(seen[2], 50);
}

TEST(Balancer, HashIsFnv1) {
  EXPECT_EQ(fnv1(""), 0x811c9dc5U);
  EXPECT_EQ(fnv1("a"), 0x050c5d7eU);
}

TEST(Balancer, PolicyNames) {
  EXPECT_EQ(parse_policy("ipHash"), BalancingPolicy::ip_hash);
  EXPECT_EQ(parse_policy("cookieHash"), BalancingPolicy::header_hash);
  EXPECT_EQ(parse_policy("iphash"), std::nullopt);
}

}  // namespace
}  // namespace sluice::backend
