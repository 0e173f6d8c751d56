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
  EXPECT_TRUE(flow_is_closed("[a, {b: c}]", 0));
  EXPECT_FALSE(flow_is_closed("[a, {b: c}", 0));
  EXPECT_FALSE(flow_is_closed("[a # ]\n", 0));
  EXPECT_TRUE(flow_is_closed("[a#]", 0));
  EXPECT_FALSE(flow_is_closed("[']'", 0));
  EXPECT_TRUE(flow_is_closed("[it's]", 0));
  EXPECT_TRUE(flow_is_closed("x: !!seq &a [1]", 3));
  EXPECT_FALSE(flow_is_closed("", 0));
}

}  // namespace
}  // namespace sluice::config
