// SPDX-License-Identifier: Apache-2.0
#include "egctl/absent.h"

#include <gtest/gtest.h>

namespace sluice::egctl {
namespace {

TEST(Absent, WordsLeadToAKindWithAdvice) {
  for (const char* word : {"ai", "AI", "faas", "mesh", "ingress", "AIGatewayController",
                           "aigatewaycontroller", "FaaSController", "autocertmanager"}) {
    const std::string advice = advice_on_word(word);
    EXPECT_NE(advice.find(" is not there: "), std::string::npos) << word << ": " << advice;
    EXPECT_FALSE(advice.ends_with(": ")) << word;
  }
  EXPECT_TRUE(advice_on_word("ai").starts_with("AIGatewayController is"));
}

TEST(Absent, OtherWordsHaveNone) {
  for (const char* word : {"", "pipeline", "Pipeline", "aid", "a"})
    EXPECT_EQ(advice_on_word(word), "") << word;
}

}  // namespace
}  // namespace sluice::egctl
