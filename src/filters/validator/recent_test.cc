// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/recent.h"

#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

using namespace std::chrono_literals;

class RecentTest : public ::testing::Test {
 protected:
  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  TimePoint now_ = Clock::now();
};

TEST_F(RecentTest, FindsUntilItsTimeIsOver) {
  Recent<int> recent(core_, 2, 10s);
  recent.put("a", 1, 0, now_);
  ASSERT_NE(recent.find("a", now_ + 9s), nullptr);
  EXPECT_EQ(*recent.find("a", now_), 1);
  EXPECT_EQ(recent.find("a", now_ + 10s), nullptr);
  EXPECT_EQ(recent.size(), 0U);
  EXPECT_EQ(recent.find("b", now_), nullptr);
}

TEST_F(RecentTest, OldestMakesRoom) {
  Recent<int> recent(core_, 2, 10s);
  for (const char* digest : {"a", "b", "a", "c"}) recent.put(digest, 1, 0, now_);
  EXPECT_EQ(recent.find("b", now_), nullptr);
  EXPECT_NE(recent.find("a", now_), nullptr);
  EXPECT_NE(recent.find("c", now_), nullptr);
}

TEST_F(RecentTest, MemoryIsChargedAndGivenBack) {
  const std::size_t before = loop_.memory().held();
  {
    Recent<int> recent(core_, 10, 10s);
    recent.put("a", 1, 1000, now_);
    recent.put("b", 1, 2000, now_);
    const std::size_t both = loop_.memory().held();
    EXPECT_GE(both, before + 3000);
    recent.put("b", 1, 0, now_);
    EXPECT_EQ(loop_.memory().held(), both - 2000);
    recent.clear();
    EXPECT_EQ(loop_.memory().held(), before);
    recent.put("c", 1, 500, now_);
  }
  EXPECT_EQ(loop_.memory().held(), before);
}

TEST_F(RecentTest, KeepsNothingNewWhenMemoryIsShort) {
  MemoryBudget budget(1 << 20, 1);
  loop_.memory().join(budget, 0);
  Recent<int> recent(core_, 10, 10s);
  recent.put("large", 1, 2 << 20, now_);
  EXPECT_EQ(recent.find("large", now_), nullptr);
  recent.put("a", 1, 100, now_);
  loop_.memory().take(MemoryUse::heads, 800 << 10);
  ASSERT_TRUE(budget.tight());
  recent.put("b", 1, 100, now_);
  EXPECT_NE(recent.find("a", now_), nullptr);
  EXPECT_EQ(recent.find("b", now_), nullptr);
  loop_.memory().give(MemoryUse::heads, 800 << 10);
}

TEST_F(RecentTest, NoTimeKeepsNothing) {
  Recent<int> recent(core_, 10, 0s);
  recent.put("a", 1, 0, now_);
  EXPECT_EQ(recent.find("a", now_), nullptr);
}

}  // namespace
}  // namespace sluice::filters
