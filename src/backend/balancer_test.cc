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

std::array<int, 3> counts(Balancer& balancer, int requests) {
  std::array<int, 3> seen{};
  const http::Request request;
  for (int i = 0; i < requests; ++i) ++seen.at(*balancer.choose(request, "10.0.0.1"));
  return seen;
}

TEST(Balancer, RoundRobinTakesTurns) {
  Balancer balancer(Policy::round_robin, "", servers({0, 0, 0}), 1);
  EXPECT_EQ(balancer.choose({}, ""), 1U);
  EXPECT_EQ(balancer.choose({}, ""), 2U);
  EXPECT_EQ(balancer.choose({}, ""), 0U);
}

TEST(Balancer, NoServers) {
  for (const auto policy :
       {Policy::round_robin, Policy::random, Policy::weighted_random, Policy::ip_hash}) {
    EXPECT_EQ(Balancer(policy, "", {}, 1).choose({}, ""), std::nullopt);
  }
}

TEST(Balancer, WeightsAreKept) {
  Balancer balancer(Policy::weighted_random, "", servers({1, 0, 3}), 7);
  const auto seen = counts(balancer, 4000);
  EXPECT_NEAR(seen[0], 1000, 150);
  EXPECT_EQ(seen[1], 0);
  EXPECT_NEAR(seen[2], 3000, 150);
}

TEST(Balancer, WithoutWeightsAllServersHaveTheSameChance) {
  Balancer balancer(Policy::weighted_random, "", servers({0, 0, 0}), 7);
  for (const int seen : counts(balancer, 3000)) EXPECT_NEAR(seen, 1000, 150);
}

TEST(Balancer, HashesStay) {
  Balancer by_ip(Policy::ip_hash, "", servers({0, 0, 0}), 1);
  EXPECT_THAT(counts(by_ip, 9), testing::Contains(9));
  Balancer by_header(Policy::header_hash, "X-User", servers({0, 0, 0}), 1);
  http::Request request;
  request.headers.add("X-User", "user1");
  const auto first = by_header.choose(request, "");
  EXPECT_EQ(by_header.choose(request, ""), first);
  EXPECT_EQ(first, fnv1("user1") % 3);
}

TEST(Balancer, HashIsFnv1) {
  EXPECT_EQ(fnv1(""), 0x811c9dc5U);
  EXPECT_EQ(fnv1("a"), 0x050c5d7eU);
}

TEST(Balancer, PolicyNames) {
  EXPECT_EQ(parse_policy("ipHash"), Policy::ip_hash);
  EXPECT_EQ(parse_policy("iphash"), std::nullopt);
}

}  // namespace
}  // namespace sluice::backend
