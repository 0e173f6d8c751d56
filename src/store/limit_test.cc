// SPDX-License-Identifier: Apache-2.0
// Covers: chain_limit.cc, limit.h
// A limit on the keys of a namespace, in a store of one process.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "store/embedded/testing/open_in.h"
#include "store/testing/player.h"
#include "store/testing/test_cores.h"
#include "store/testing/test_directory.h"

namespace sluice::store {
namespace {

constexpr const char* kSale = "sale/wasm";

KeyLimit limit_of(std::uint64_t max, const std::string& prefix = "id/") {
  return {.prefix = prefix, .max = max, .revision = 0};
}

class LimitTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { open(); }
  void open() {
    store_.reset();
    store_ = GetParam() == std::string("memory") ? open_memory_store(cores_.count())
                                                 : open_in(directory_, cores_.count());
    ASSERT_TRUE(store_->prepare(kSale));
    views_.clear();
    for (unsigned i = 0; i < cores_.count(); ++i) {
      views_.push_back(
          &cores_.on(i, [&]() -> View& { return store_->view(cores_.core(i), kSale); }));
    }
  }
  void hold(const KeyLimit& limit) { ASSERT_TRUE(store_->hold_limit(kSale, limit)); }
  // A run that writes without a look.
  CommitStatus run(unsigned core, const std::vector<std::string>& put,
                   const std::vector<std::string>& erased = {}) {
    return cores_.on(core, [&] {
      Transaction t(*views_[core]);
      for (const std::string& key : put) t.put(key, "1");
      for (const std::string& key : erased) t.erase(key);
      return views_[core]->commit(t).status;
    });
  }
  std::uint64_t used() {
    const auto status = store_->status(kSale);
    const std::uint64_t counted = store_->count(kSale, "id/").value_or(0);
    EXPECT_TRUE(!status.limit || status.limit->used == counted) << "the status is right";
    return counted;
  }

  TestDirectory directory_;
  TestCores cores_{2};
  std::unique_ptr<Store> store_;
  std::vector<View*> views_;
};

// The runs of a core that goes on until the limit stops it. Returns how many were let in.
int fill(View& view, const std::string& name) {
  int let_in = 0;
  for (int i = 0; i < 10'000; ++i) {
    Transaction t(view);
    t.put("id/" + name + std::to_string(i), "true");
    const Commit commit = view.commit(t);
    if (commit.status == CommitStatus::full) break;
    let_in += commit.status == CommitStatus::committed ? 1 : 0;
  }
  return let_in;
}

TEST_P(LimitTest, ProgramsThatDoNotCountAreStoppedAtTheLimit) {
  for (const std::uint64_t max : {0, 1, 100, 3000}) {
    hold(limit_of(max));
    auto first = std::async([&] { return cores_.on(0, [&] { return fill(*views_[0], "a"); }); });
    const int second = cores_.on(1, [&] { return fill(*views_[1], "b"); });
    EXPECT_EQ(static_cast<std::uint64_t>(first.get() + second), max);
    EXPECT_EQ(used(), max);
    ASSERT_TRUE(store_->erase_all(kSale, ""));
    EXPECT_EQ(used(), 0U);
  }
}

TEST_P(LimitTest, OnlyRunsThatAddKeysAreStopped) {
  hold(limit_of(2));
  EXPECT_EQ(run(0, {"id/1", "id/2", "id/3"}), CommitStatus::full) << "all of a run, or nothing";
  EXPECT_EQ(run(0, {"id/1", "id/2"}), CommitStatus::committed);
  EXPECT_EQ(run(1, {"id/3"}), CommitStatus::full);
  EXPECT_EQ(run(1, {"id/2"}), CommitStatus::committed) << "it replaces";
  EXPECT_EQ(run(1, {"other/3"}), CommitStatus::committed) << "it has another prefix";
  EXPECT_EQ(run(1, {"id/3"}, {"id/1"}), CommitStatus::committed) << "one comes, one goes";
  EXPECT_EQ(run(1, {}, {"id/2"}), CommitStatus::committed);
  EXPECT_EQ(run(0, {"id/4"}), CommitStatus::committed);
  EXPECT_EQ(run(0, {"id/5"}), CommitStatus::full);
  EXPECT_EQ(used(), 2U);
}

TEST_P(LimitTest, TheLimitChanges) {
  EXPECT_EQ(run(0, {"id/1", "id/2", "id/3"}), CommitStatus::committed) << "there is none";
  EXPECT_FALSE(store_->status(kSale).limit);
  hold(limit_of(2));
  EXPECT_EQ(run(0, {"id/4"}), CommitStatus::full);
  EXPECT_EQ(run(0, {"id/3"}), CommitStatus::committed) << "those who are in stay";
  EXPECT_EQ(store_->status(kSale).limit->used, 3U);
  hold(limit_of(4));
  EXPECT_EQ(run(1, {"id/4"}), CommitStatus::committed);
  EXPECT_EQ(run(1, {"id/5"}), CommitStatus::full);
  hold(limit_of(1, "x/"));
  EXPECT_EQ(run(1, {"id/5", "x/1"}), CommitStatus::committed) << "another prefix";
  EXPECT_EQ(run(1, {"x/2"}), CommitStatus::full);
  hold(KeyLimit());
  EXPECT_EQ(run(1, {"x/2"}), CommitStatus::committed);
  EXPECT_FALSE(store_->status(kSale).limit);
}

TEST_P(LimitTest, AdministrationIsNotLimited) {
  hold(limit_of(2));
  std::vector<Entry> entries;
  for (int i = 0; i < 2000; ++i) entries.push_back({"id/" + std::to_string(i), "1"});
  ASSERT_TRUE(store_->apply(kSale, entries));
  EXPECT_EQ(used(), 2000U);
  EXPECT_EQ(run(0, {"id/new"}), CommitStatus::full);
  for (int i = 0; i < 1999; ++i) ASSERT_TRUE(store_->erase(kSale, "id/" + std::to_string(i)));
  EXPECT_EQ(run(0, {"id/new"}), CommitStatus::committed);
  EXPECT_EQ(run(0, {"id/more"}), CommitStatus::full);
  ASSERT_TRUE(store_->erase_all(kSale, "id/n"));
  EXPECT_EQ(run(1, {"id/more"}), CommitStatus::committed);
  EXPECT_EQ(used(), 2U);
}

TEST_P(LimitTest, ALimitCountsWhatIsThere) {
  std::vector<Entry> entries;
  for (int i = 0; i < 50'000; ++i) entries.push_back({"id/" + std::to_string(i), "1"});
  ASSERT_TRUE(store_->apply(kSale, entries));
  hold(limit_of(50'001));
  EXPECT_EQ(run(0, {"id/new"}), CommitStatus::committed);
  EXPECT_EQ(run(1, {"id/more"}), CommitStatus::full);
  EXPECT_EQ(used(), 50'001U);
}

TEST_P(LimitTest, AStartCountsWhatWasStored) {
  if (GetParam() == std::string("memory")) GTEST_SKIP() << "it forgets";
  hold(limit_of(2));
  EXPECT_EQ(run(0, {"id/1"}), CommitStatus::committed);
  ASSERT_EQ(used(), 1U);
  open();
  EXPECT_FALSE(store_->status(kSale).limit) << "until it is told again";
  hold(limit_of(2));
  EXPECT_EQ(run(0, {"id/2"}), CommitStatus::committed);
  EXPECT_EQ(run(1, {"id/3"}), CommitStatus::full);
  EXPECT_EQ(used(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Stores, LimitTest, testing::Values("memory", "embedded"),
                         [](const auto& which) { return std::string(which.param); });

}  // namespace
}  // namespace sluice::store
