// SPDX-License-Identifier: Apache-2.0
// Covers: spec.cc
#include "resilience/policies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::resilience {
namespace {

using testing::ElementsAre;

struct ListSpec {
  std::vector<config::UndecodedValue> resilience;
  void fields(auto& visit) { visit("resilience", resilience); }
};

Policies build(const std::string& list, config::Faults& faults) {
  const auto document = config::parse_document("resilience: " + list);
  EXPECT_TRUE(document) << document.error().message;
  const auto spec = config::decode<ListSpec>(*document, "", faults);
  return Policies::build(spec.resilience, "resilience", faults);
}

std::vector<std::string> faults_of(const std::string& list) {
  config::Faults faults;
  (void)build(list, faults);
  return faults.lines();
}

TEST(Policies, Defaults) {
  config::Faults faults;
  const Policies policies =
      build("[{name: r, kind: Retry}, {name: c, kind: CircuitBreaker}]", faults);
  ASSERT_THAT(faults.lines(), ElementsAre());
  const Json retry = Json::parse(R"({
    "name": "r", "kind": "Retry", "maxAttempts": 3, "waitDuration": "500ms",
    "backOffPolicy": "random", "randomizationFactor": 0.0,
    "methods": ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"],
    "budgetPercent": 20, "budgetPerSecond": 10})");
  const Json breaker = Json::parse(R"({
    "name": "c", "kind": "CircuitBreaker", "slidingWindowType": "COUNT_BASED",
    "slidingWindowSize": 100, "failureRateThreshold": 50, "slowCallRateThreshold": 100,
    "slowCallDurationThreshold": "1m", "minimumNumberOfCalls": 10,
    "permittedNumberOfCallsInHalfOpenState": 10, "waitDurationInOpenState": "1m",
    "maxWaitDurationInHalfOpenState": "0s", "countingNetworkError": false})");
  EXPECT_EQ(policies.spec(), Json::array({retry, breaker}));
}

TEST(Policies, FaultsSayWhere) {
  EXPECT_THAT(
      faults_of("[{name: r, kind: Retry, maxAttempts: 0, backoffPolicy: random}]"),
      ElementsAre("resilience[0].maxAttempts: 0 is under 1",
                  "resilience[0].backoffPolicy: is unknown, did you mean \"backOffPolicy\"?"));
  EXPECT_THAT(faults_of("[{name: a, kind: Retry}, {name: a, kind: CircuitBreaker}]"),
              ElementsAre("resilience[1].name: \"a\" is used twice"));
  EXPECT_THAT(faults_of("[{name: a, kind: Retryer}]"),
              ElementsAre("resilience[0].kind: \"Retryer\" is no kind of policy, did you mean "
                          "\"Retry\"? (kinds: Retry, CircuitBreaker)"));
  EXPECT_THAT(faults_of("[{name: a}]"),
              ElementsAre("resilience[0].kind: is required: Retry or CircuitBreaker"));
  EXPECT_THAT(faults_of("[text]"), ElementsAre("resilience[0]: must be a map with name and kind"));
  EXPECT_THAT(faults_of("[{name: a, kind: CircuitBreaker, slidingWindowType: TIME_BASED, "
                        "slidingWindowSize: 4000}]"),
              ElementsAre("resilience[0].slidingWindowSize: must be at most 3600 seconds"));
  EXPECT_THAT(faults_of("[{name: a, kind: Retry, methods: [get]}]"),
              ElementsAre("resilience[0].methods[0]: \"get\" is no method, try GET"));
}

TEST(Policies, AreFoundByNameAndKind) {
  config::Faults faults;
  const Policies policies =
      build("[{name: again, kind: Retry}, {name: fuse, kind: CircuitBreaker}]", faults);
  EXPECT_NE(policies.retry("again", "p.retryPolicy", faults), nullptr);
  EXPECT_NE(policies.circuit_breaker("fuse", "p.circuitBreakerPolicy", faults), nullptr);
  EXPECT_EQ(policies.retry("", "p.retryPolicy", faults), nullptr);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(policies.retry("fuse", "p.retryPolicy", faults), nullptr);
  EXPECT_EQ(policies.circuit_breaker("fuze", "p.circuitBreakerPolicy", faults), nullptr);
  EXPECT_THAT(faults.lines(),
              ElementsAre("p.retryPolicy: \"fuse\" is no Retry policy, but of kind CircuitBreaker",
                          "p.circuitBreakerPolicy: no resilience policy \"fuze\" is defined in the "
                          "pipeline's `resilience`, did you mean \"fuse\"?"));
}

TEST(Policies, SpecsCompare) {
  RetrySpec a;
  RetrySpec b;
  EXPECT_EQ(a, b);
  b.wait_duration = std::chrono::seconds(1);
  EXPECT_FALSE(a == b);
}

}  // namespace
}  // namespace sluice::resilience
