// SPDX-License-Identifier: Apache-2.0
#include "http/query.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::http {
namespace {

TEST(QueryParameter, FirstDecoded) {
  EXPECT_EQ(query_parameter("a=1&b=2&a=3", "a"), "1");
  EXPECT_EQ(query_parameter("a+b=c%2Bd+e", "a b"), "c+d e");
  EXPECT_EQ(query_parameter("flag&x=", "flag"), "");
  EXPECT_EQ(query_parameter("a=%zz", "a"), "");
  EXPECT_EQ(query_parameter("&&=x&n=1", "n"), "1");
  EXPECT_EQ(query_parameter("", "n"), "");
}

TEST(ForEachParameter, VisitsEachValueInOrder) {
  std::vector<std::string> values;
  for_each_parameter("a=1&b=2&%61=x+y&a&a=%zz", "a",
                     [&](std::string_view value) { values.emplace_back(value); });
  EXPECT_EQ(values, (std::vector<std::string>{"1", "x y", "", ""}));
}

}  // namespace
}  // namespace sluice::http
