// SPDX-License-Identifier: Apache-2.0
#include "config/lexical.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

TEST(Lexical, AQuoteEndsAtItsLikeOnly) {
  EXPECT_EQ(unclosed_quote("x", 0), std::nullopt);
  EXPECT_EQ(unclosed_quote("", 0), std::nullopt);
  EXPECT_EQ(unclosed_quote("\"a'\"", 0), std::nullopt);
  EXPECT_EQ(unclosed_quote("'a\\'", 0), std::nullopt);
  EXPECT_EQ(unclosed_quote("\"a'", 0), '"');
  EXPECT_EQ(unclosed_quote("\"a\\", 0), '"');
  EXPECT_EQ(unclosed_quote("'a''", 0), '\'');
  EXPECT_EQ(unclosed_quote("b: !t &x # it's\n 'a", 3), '\'');
}

TEST(Lexical, AFlowCollectionEndsAtItsOwnBracket) {
  EXPECT_EQ(unclosed_bracket("[a, {b: c}]", 0), std::nullopt);
  EXPECT_EQ(unclosed_bracket("[a, {b: c}", 0), 0U);
  EXPECT_EQ(unclosed_bracket("[a, {b: c", 0), 4U);
  EXPECT_EQ(unclosed_bracket("[a # ]\n", 0), 0U);
  EXPECT_EQ(unclosed_bracket("[a#]", 0), std::nullopt);
  EXPECT_EQ(unclosed_bracket("[']'", 0), 0U);
  EXPECT_EQ(unclosed_bracket("[it's]", 0), std::nullopt);
  EXPECT_EQ(unclosed_bracket("x: !!seq &a [1]", 3), std::nullopt);
  EXPECT_EQ(unclosed_bracket("x", 0), std::nullopt);
  EXPECT_EQ(unclosed_bracket("", 0), std::nullopt);
}

}  // namespace
}  // namespace sluice::config
