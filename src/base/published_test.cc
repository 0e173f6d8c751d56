// SPDX-License-Identifier: Apache-2.0
#include "base/published.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice {
namespace {

using Number = Published<int>;

TEST(Published, IsNullAtFirst) { EXPECT_EQ(Number().load(), nullptr); }

TEST(Published, KeepsWhatWasTakenAlive) {
  Number number(std::make_shared<const int>(1));
  const auto taken = number.load();
  number.store(std::make_shared<const int>(2));
  EXPECT_EQ(*taken, 1);
  EXPECT_EQ(taken.use_count(), 1);
  EXPECT_EQ(*number.load(), 2);
}

TEST(Published, ReplacesOnlyWhatIsExpected) {
  const auto one = std::make_shared<const int>(1);
  const auto two = std::make_shared<const int>(2);
  Number number(one);
  auto expected = two;
  EXPECT_FALSE(number.replace(expected, two));
  EXPECT_EQ(expected, one);
  EXPECT_TRUE(number.replace(expected, two));
  EXPECT_EQ(number.load(), two);
}

// Several threads increment a counter. The sum contains every increment, although threads replace
// each other's pointers.
TEST(Published, LosesNoReplacement) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 5000;
  Number number(std::make_shared<const int>(0));
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&number] {
        for (int time = 0; time < kTimes; ++time) {
          auto seen = number.load();
          while (!number.replace(seen, std::make_shared<const int>(*seen + 1))) continue;
        }
      });
    }
  }
  EXPECT_EQ(*number.load(), kThreads * kTimes);
}

}  // namespace
}  // namespace sluice
