// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/passed_on.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::server_program {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Json text_of(std::size_t bytes) { return {{"version", 1}, {"text", std::string(bytes, 'x')}}; }

TEST(PassedOn, WhatFitsStays) {
  Json knowledge = {{"p", {{"check", {{"jwksText", text_of(10'000)}}}}}};
  const Json before = knowledge;
  EXPECT_THAT(leave_out_beyond(knowledge), IsEmpty());
  EXPECT_THAT(leave_out_beyond(knowledge, before.dump().size()), IsEmpty());
  EXPECT_EQ(knowledge, before);
}

TEST(PassedOn, TheLongestTextsGoFirst) {
  Json knowledge = {{"p",
                     {{"a/b", {{"jwksText", text_of(10'000)}, {"usersText", text_of(30'000)}}},
                      {"proxy", {{"healthy", true}}}}},
                    {"q", {{"check", {{"usersText", text_of(20'000)}}}}},
                    {"s", {{"tickets", std::string(100, 'k')}}}};
  EXPECT_THAT(leave_out_beyond(knowledge, 40'000), ElementsAre("p/a~1b/usersText"));
  EXPECT_LE(knowledge.dump().size(), 40'000U);
  EXPECT_TRUE(knowledge["p"]["a/b"].contains("jwksText"));
  EXPECT_THAT(leave_out_beyond(knowledge, 1000),
              ElementsAre("q/check/usersText", "p/a~1b/jwksText"));
  EXPECT_LE(knowledge.dump().size(), 1000U);
  EXPECT_EQ(knowledge["p"]["proxy"]["healthy"], true) << "what is short stays";
  EXPECT_EQ(knowledge["s"]["tickets"].get<std::string>().size(), 100U);
}

TEST(PassedOn, NothingIsLongInNothing) {
  Json nothing;
  EXPECT_THAT(leave_out_beyond(nothing, 0), IsEmpty());
}

}  // namespace
}  // namespace sluice::server_program
