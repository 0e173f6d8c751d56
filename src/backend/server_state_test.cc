// SPDX-License-Identifier: Apache-2.0
#include "backend/server_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::backend {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;

constexpr TimePoint kStart{std::chrono::hours(100)};

OutlierPolicy policy_of(std::uint32_t failures, std::uint32_t errors) {
  OutlierPolicy policy;
  policy.consecutive_failures = failures;
  policy.consecutive_5xx = errors;
  return policy;
}

TEST(ServerState, FailuresInARowEject) {
  ServerState state(1);
  const OutlierPolicy policy = policy_of(3, 0);
  EXPECT_EQ(state.note_failure(policy, kStart), std::nullopt);
  EXPECT_EQ(state.note_failure(policy, kStart), std::nullopt);
  state.note_response(200, policy, kStart);
  EXPECT_EQ(state.note_failure(policy, kStart), std::nullopt);
  EXPECT_EQ(state.note_failure(policy, kStart), std::nullopt);
  EXPECT_FALSE(state.ejected(kStart));
  EXPECT_EQ(state.note_failure(policy, kStart), seconds(30));
  EXPECT_TRUE(state.ejected(kStart + seconds(29)));
  EXPECT_FALSE(state.ejected(kStart + seconds(30)));
}

TEST(ServerState, AnotherProcessGoesOnWithWhatIsKnown) {
  ServerState state(1);
  const OutlierPolicy policy = policy_of(1, 0);
  state.set_healthy(false);
  ASSERT_TRUE(state.note_failure(policy, kStart));
  state.tell_reason("refused");
  EXPECT_EQ(state.ejected_for(kStart + seconds(10)), seconds(20));
  EXPECT_EQ(state.ejected_for(kStart + seconds(31)), seconds(0));
  EXPECT_EQ(state.knowledge(kStart + seconds(31)).reason, "") << "it is over";
  ServerState heir(1);
  const TimePoint later = kStart + seconds(10);
  heir.learn(state.knowledge(later), later);
  EXPECT_FALSE(heir.healthy());
  EXPECT_TRUE(heir.ejected(kStart + seconds(29)));
  EXPECT_FALSE(heir.ejected(kStart + seconds(30)));
  EXPECT_EQ(heir.reason(), "refused");
  EXPECT_EQ(heir.note_failure(policy, kStart + seconds(31)), seconds(60)) << "it is the second";

  ServerState fresh(1);
  fresh.learn(ServerState(1).knowledge(kStart), kStart);
  EXPECT_TRUE(fresh.healthy());
  EXPECT_FALSE(fresh.was_ejected());
}

TEST(ServerState, ALongReasonIsCut) {
  ServerState state(1);
  EXPECT_EQ(state.reason(), "");
  state.tell_reason(std::string(10'000, 'x'));
  EXPECT_LT(state.reason().size(), 1'000U);
  EXPECT_GT(state.reason().size(), 100U);
}

TEST(ServerState, ErrorResponsesAreCountedOnlyIfToldTo) {
  ServerState state(1);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(state.note_response(503, policy_of(1, 0), kStart), std::nullopt);
  }
  const OutlierPolicy policy = policy_of(0, 2);
  EXPECT_EQ(state.note_response(503, policy, kStart), std::nullopt);
  state.note_response(404, policy, kStart);
  EXPECT_EQ(state.note_response(500, policy, kStart), std::nullopt);
  EXPECT_EQ(state.note_failure(policy, kStart), std::nullopt);
  EXPECT_EQ(state.note_response(500, policy, kStart), seconds(30));
}

TEST(ServerState, EachTimeTwiceAsLongUpToALimit) {
  ServerState state(1);
  const OutlierPolicy policy = policy_of(1, 0);
  TimePoint now = kStart;
  std::vector<std::int64_t> times;
  for (int i = 0; i < 6; ++i) {
    const auto duration = state.note_failure(policy, now);
    ASSERT_TRUE(duration);
    times.push_back(std::chrono::duration_cast<seconds>(*duration).count());
    now += *duration;
  }
  EXPECT_THAT(times, ElementsAre(30, 60, 120, 240, 300, 300));
  now += minutes(6);
  EXPECT_EQ(state.note_failure(policy, now), seconds(30)) << "it was well for long enough";
}

// An ejection resets the failure counters: the next one takes a full row of failures.
TEST(ServerState, EachEjectionTakesAWholeRow) {
  ServerState state(1);
  const OutlierPolicy policy = policy_of(2, 3);
  TimePoint now = kStart;
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(state.note_failure(policy, now), std::nullopt);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(state.note_response(500, policy, now), std::nullopt);
    const auto errors = state.note_response(500, policy, now);
    ASSERT_TRUE(errors) << "three errors, in round " << round;
    now += *errors;
    EXPECT_EQ(state.note_response(500, policy, now), std::nullopt);
    EXPECT_EQ(state.note_failure(policy, now), std::nullopt);
    const auto failures = state.note_failure(policy, now);
    ASSERT_TRUE(failures) << "two failures, in round " << round;
    now += *failures;
  }
}

TEST(ServerState, ErrorsThatARequestProvokesEndTheRow) {
  ServerState state(1);
  const OutlierPolicy policy = policy_of(0, 2);
  EXPECT_EQ(state.note_response(500, policy, kStart), std::nullopt);
  EXPECT_EQ(state.note_response(501, policy, kStart), std::nullopt);
  EXPECT_EQ(state.note_response(500, policy, kStart), std::nullopt);
  EXPECT_TRUE(state.note_response(500, policy, kStart));
}

TEST(ServerState, WhoIsOutIsNotPutOutAgain) {
  ServerState state(1);
  const OutlierPolicy policy = policy_of(1, 0);
  EXPECT_TRUE(state.note_failure(policy, kStart));
  EXPECT_EQ(state.note_failure(policy, kStart + seconds(1)), std::nullopt);
  EXPECT_FALSE(state.ejected(kStart + seconds(31)));
}

std::vector<std::size_t> list(const ServerStates& states, bool checked) {
  std::vector<std::size_t> candidates;
  Availability(states, checked, 0).list(candidates);
  return candidates;
}

TEST(Availability, NeverAllAreLeftOut) {
  ServerStates states;
  for (int i = 0; i < 3; ++i) states.push_back(std::make_shared<ServerState>(1));
  EXPECT_THAT(list(states, true), ElementsAre(0, 1, 2));
  const OutlierPolicy policy = policy_of(1, 0);
  states[0]->note_failure(policy, Clock::now());
  EXPECT_THAT(list(states, true), ElementsAre(1, 2));
  states[1]->note_failure(policy, Clock::now());
  states[2]->set_healthy(false);
  EXPECT_THAT(list(states, true), ElementsAre(0, 1)) << "all that are healthy are left out";
  EXPECT_THAT(list(states, false), ElementsAre(2)) << "nobody checks";
  states[0]->set_healthy(false);
  states[1]->set_healthy(false);
  EXPECT_THAT(list(states, true), ElementsAre());
}

}  // namespace
}  // namespace sluice::backend
