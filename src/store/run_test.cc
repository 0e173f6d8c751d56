// SPDX-License-Identifier: Apache-2.0
// Covers: store_transaction.cc
// One Transaction for many rounds: nothing of one round is in the next.
#include "store/run.h"

#include <gtest/gtest.h>

#include "store/testing/test_cores.h"

namespace sluice::store {
namespace {

class RunTest : public testing::Test {
 protected:
  void open(Limits limits = {}) {
    store_ = open_memory_store(1, limits);
    ASSERT_TRUE(store_->prepare("p/f"));
    view_ = &store_->view(core_, "p/f");
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  std::unique_ptr<Store> store_;
  View* view_ = nullptr;
};

TEST_F(RunTest, ARoundDependsOnItsOwnReadsOnly) {
  open();
  const Version first = put(*view_, "a", "1").version;
  const Version second = put(*view_, "b", "1").version;
  ASSERT_LT(first, second);
  Transaction t(*view_);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(t.get("b"), "1");
    EXPECT_EQ(view_->commit(t).version, second);
    t.restart();
    EXPECT_EQ(t.get("a"), "1");
    EXPECT_EQ(view_->commit(t).version, first);
    t.restart();
    EXPECT_EQ(view_->commit(t).version, 0U) << "it has read nothing";
    t.restart();
  }
}

TEST_F(RunTest, EachRoundReadsTheNewest) {
  open();
  Transaction t(*view_);
  for (int round = 0; round < 3; ++round) {
    const std::string value = std::to_string(round);
    EXPECT_EQ(put(*view_, "k", value).status, CommitStatus::committed);
    EXPECT_EQ(t.get("k"), value);
    t.put("seen", value);  // a run that only reads never conflicts
    EXPECT_EQ(put(*view_, "k", "later").status, CommitStatus::committed);
    EXPECT_EQ(view_->commit(t).status, CommitStatus::conflict);
    t.restart();
    EXPECT_EQ(t.get("k"), "later");
    EXPECT_EQ(view_->commit(t).status, CommitStatus::committed);
    t.restart();
  }
}

// More than are searched one by one, in another order in each round.
TEST_F(RunTest, ManyKeysAndPrefixesInEveryRound) {
  constexpr int kMany = 40;
  open({.reads_per_transaction_max = kMany});
  Transaction t(*view_);
  for (int round = 0; round < 4; ++round) {
    for (int again = 0; again < 2; ++again) {
      for (int i = 0; i < kMany; ++i) {
        const std::string name = std::to_string(round % 2 == 0 ? i : kMany - 1 - i) + "/";
        EXPECT_EQ(t.count(name), 0U);
        EXPECT_EQ(t.get(name), std::nullopt);
      }
    }
    EXPECT_EQ(view_->commit(t).status, CommitStatus::committed) << "each is read once";
    t.restart();
    for (int i = 0; i < kMany; ++i) t.put(std::to_string(round % 2 == 0 ? i : kMany - 1 - i), "1");
    for (int i = 0; i < kMany; ++i) EXPECT_EQ(t.get(std::to_string(i)), "1");
    t.restart();
  }
}

TEST_F(RunTest, TheLimitsAreExactInEveryRound) {
  open({.key_bytes_max = 8, .value_bytes_max = 16, .writes_per_transaction_max = 3});
  const std::string key(8, 'k');
  const std::string value(16, 'v');
  Transaction t(*view_);
  for (int round = 0; round < 2; ++round) {
    t.put(key, value);
    t.put("a", "");
    t.put("b", "");
    EXPECT_EQ(view_->commit(t).status, CommitStatus::committed);
    t.restart();
    t.put(key + "k", value);
    EXPECT_EQ(view_->commit(t).status, CommitStatus::too_large);
    EXPECT_EQ(t.breach(), "a key of 9 bytes, at most 8");
    t.restart();
    t.put(key, value + "v");
    EXPECT_EQ(view_->commit(t).status, CommitStatus::too_large);
    EXPECT_EQ(t.breach(), "a value of 17 bytes, at most 16");
    t.restart();
    for (const char* name : {"a", "b", "c", "d"}) t.put(name, "");
    EXPECT_EQ(view_->commit(t).status, CommitStatus::too_large);
    t.restart();
  }
}

}  // namespace
}  // namespace sluice::store
