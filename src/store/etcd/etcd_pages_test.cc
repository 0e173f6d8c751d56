// SPDX-License-Identifier: Apache-2.0
// Covers: page_ranges.cc
// Covers: paged_reads.cc
// Reads of namespaces of many pages, on a real etcd.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/etcd/testing/etcd_medium_fixture.h"

namespace sluice::store {
namespace {

class EtcdPagesTest : public EtcdMediumTest {
 protected:
  void SetUp() override {
    patience_.page_max = std::chrono::seconds(40);
    opened_ = member_of_small_pages("one");
    ASSERT_EQ(opened_.trouble, "");
    rival_ = std::make_unique<EtcdRival>(options_, opened_.faults);
    prepare();
  }
  EtcdStore member_of_small_pages(const std::string& name) {
    EtcdMedium::Options options;
    options.etcd = options_;
    options.etcd.member = name;
    options.page_keys_max = 10;
    options.patience = patience_;
    return open_on_etcd(std::move(options), cores_.count(), {});
  }
  // What was there before the last bulk change is removed.
  bool has_one_epoch() {
    const Keys& keys = rival_->keys();
    const auto all = rival_->range(range_of_prefix(keys.epochs(kNs)));
    const auto epoch = keys.epoch(kNs, rival_->seq_of(kNs).epoch);
    return std::ranges::all_of(all.kvs(),
                               [&](const auto& kv) { return kv.key().starts_with(epoch); });
  }
  static std::set<std::string> numbered(int count) {
    std::set<std::string> keys;
    for (int i = 0; i < count; ++i) keys.insert("id/user" + std::to_string(10'000 + i));
    return keys;
  }
  static constexpr std::int64_t kSlowKeys = 30;
  // The ranges of the data of the namespace.
  std::vector<KvFaults::AskedRange> of_data(std::vector<KvFaults::AskedRange> asked) {
    const std::string epoch = rival_->keys().epoch(kNs, rival_->seq_of(kNs).epoch);
    std::erase_if(asked, [&](const auto& range) { return !range.key.starts_with(epoch); });
    return asked;
  }
  // The member begins to follow, behind its start, and is not given the first page.
  std::vector<KvFaults::AskedRange> begins_to_read(EtcdStore& member) {
    member.faults->answer_ranges_up_to(kSlowKeys);
    EXPECT_TRUE(member.store->prepare(kNs));  // tries for a moment
    (void)member.faults->take_asked();
    std::vector<KvFaults::AskedRange> asked;
    EXPECT_TRUE(comes_true([&] {
      asked = of_data(member.faults->take_asked());
      return !asked.empty();
    }));
    return asked;
  }
  bool follows(EtcdStore& member) {
    View& its = view_of(*member.store);
    return cores_.on(0, [&] { return its.follows(); });
  }
  void write(const std::set<std::string>& keys) {
    std::vector<Entry> entries;
    for (const std::string& key : keys) entries.push_back({key, "v"});
    const auto written = store().apply(kNs, std::move(entries));
    ASSERT_TRUE(written) << written.error().message;
  }
  std::set<std::string> seen(std::string_view prefix = "") {
    std::set<std::string> keys;
    EXPECT_TRUE(store().scan(kNs, prefix, [&](std::string_view key, std::string_view) {
      EXPECT_TRUE(keys.emplace(key).second) << "twice: " << key;
      return true;
    }));
    return keys;
  }
};

TEST_F(EtcdPagesTest, KeysOfAllKindsAreSeenOnce) {
  std::set<std::string> keys;
  for (int i = 0; i < 700; ++i) keys.insert("id/user" + std::to_string(i));
  for (std::size_t i = 1; i < 120; ++i) keys.insert(std::string(i, 'a'));
  for (int i = 1; i < 256; ++i) keys.insert(std::string("b/") + static_cast<char>(i));
  for (int i = 0; i < 60; ++i) keys.insert("c/" + std::string(100, 'c') + std::to_string(i));
  for (std::size_t i = 1; i < 40; ++i) keys.insert("d/" + std::string(i, '\xff'));
  keys.insert("\xff\xff");
  write(keys);
  EXPECT_EQ(seen(), keys);
  EXPECT_EQ(seen("id/").size(), 700U);
  EXPECT_EQ(seen("d/").size(), 39U);
  EXPECT_EQ(seen("e/").size(), 0U);
}

// etcd goes through the index of the whole range for each request. Nothing that is done with a
// namespace asks for a range of all keys for each page, or for each other namespace.
TEST_F(EtcdPagesTest, NothingGoesThroughTheIndexForEachPage) {
  constexpr int kKeys = 3000;
  constexpr int kOthers = 20;
  // Ten passes over all keys, each of which may take some times as many.
  constexpr std::int64_t kIndexMax = std::int64_t{10} * 8 * kKeys;
  for (int i = 0; i < kOthers; ++i) {
    const std::string other = "a" + std::to_string(i) + "/wasm";
    ASSERT_TRUE(store().prepare(other));
    ASSERT_TRUE(store().apply(other, {{"k", "v"}}));
  }
  std::set<std::string> keys;
  for (int i = 0; i < kKeys; ++i) keys.insert("id/user" + std::to_string(10'000 + i));
  write(keys);
  write({"another"});
  std::vector<Entry> more;
  for (int i = 0; i < kKeys; ++i) more.push_back({"n/" + std::to_string(10'000 + i), "v"});
  ASSERT_TRUE(store().apply(kNs, std::move(more)));  // copies the keys, and clears the old epoch
  ASSERT_TRUE(comes_true([&] { return has_one_epoch(); }));
  EtcdStore two = member_of_small_pages("two");
  ASSERT_EQ(two.trouble, "");
  ASSERT_TRUE(two.store->prepare(kNs));
  EXPECT_EQ(seen("id/").size(), kKeys);
  EXPECT_EQ(store().namespaces()->size(), kOthers + 1U);
  EXPECT_EQ(store().owners()->size(), kOthers + 1U);
  ASSERT_TRUE(store().move(kNs, "two"));
  ASSERT_TRUE(owned_within(*two.store, std::chrono::seconds(20)));
  ASSERT_TRUE(two.store->erase_all(kNs, "n/"));
  EXPECT_EQ(*two.store->count(kNs, ""), kKeys + 1U);
  EXPECT_LT(faults().index_keys() + two.faults->index_keys(), kIndexMax);
}

// --- Pages that etcd does not give in time -----------------------------------------------------

TEST_F(EtcdPagesTest, ASlowPageIsReadAgainAndNotAll) {
  write(numbered(500));
  EtcdStore two = member_of_small_pages("two");
  ASSERT_EQ(two.trouble, "");
  const auto first = begins_to_read(two);
  ASSERT_FALSE(first.empty());
  two.faults->answer_ranges_up_to(kSlowKeys, 3);
  ASSERT_TRUE(comes_true([&] { return follows(two); }));
  const auto asked = two.faults->take_asked();
  const auto pages = of_data(asked);
  ASSERT_GT(pages.size(), 50U);
  for (const auto& page : pages) EXPECT_EQ(page.revision, first.front().revision);
  EXPECT_EQ(std::ranges::count(asked, rival_->keys().seq(kNs), &KvFaults::AskedRange::key), 0)
      << "it has begun anew";
}

// Who has read a namespace once asks for no range of all its keys.
TEST_F(EtcdPagesTest, TheNextReadBeginsNarrow) {
  constexpr int kKeys = 2000;
  write({"counter"});
  write(numbered(kKeys));
  EXPECT_EQ(seen().size(), kKeys + 1U);
  faults().answer_ranges_up_to(kKeys / 2);
  EXPECT_EQ(seen().size(), kKeys + 1U);
  EXPECT_EQ(seen("id/").size(), kKeys + 0U);
  ASSERT_TRUE(store().apply(
      kNs, {{"one", "1"}, {"two", "2"}, {"three", "3"}, {"four", "4"}, {"five", "5"}}));
  EXPECT_EQ(seen().size(), kKeys + 6U) << "the copy of a bulk change began narrow";
  ASSERT_TRUE(comes_true([&] { return has_one_epoch(); })) << "so did the removal";
}

// A range that etcd cannot answer is cut, and the width that works is kept.
TEST_F(EtcdPagesTest, PagesBecomeNarrowerUntilTheyCome) {
  constexpr int kKeys = 300;
  write(numbered(kKeys));
  EXPECT_EQ(seen().size(), kKeys + 0U);
  faults().answer_ranges_up_to(25);  // of ten keys a page, and more where the numbers have a carry
  EXPECT_EQ(seen().size(), kKeys + 0U);
}

TEST_F(EtcdPagesTest, ARevisionThatIsCompactedMeanwhileIsReadAnew) {
  write(numbered(500));
  EtcdStore two = member_of_small_pages("two");
  ASSERT_EQ(two.trouble, "");
  const auto first = begins_to_read(two);
  ASSERT_FALSE(first.empty());
  ASSERT_EQ(told("id/user10001", "new"), "durable");
  rival_->compact();
  two.faults->answer_ranges_up_to(kSlowKeys, 0);
  ASSERT_TRUE(comes_true([&] { return follows(two); }));
  const auto later = of_data(two.faults->take_asked());
  ASSERT_FALSE(later.empty());
  EXPECT_GT(later.back().revision, first.front().revision);
}

TEST_F(EtcdPagesTest, TheEndOfTheReadsEndsAPageThatIsUnderWay) {
  write(numbered(500));
  EtcdMedium::Options options;
  options.etcd = options_;
  options.etcd.member = "two";
  options.patience.first_read = std::chrono::hours(1);
  options.patience.page_max = std::chrono::hours(2);
  EtcdStore two = open_on_etcd(std::move(options), cores_.count(), {});
  ASSERT_EQ(two.trouble, "");
  two.faults->stall();
  std::thread reader([&] { EXPECT_FALSE(two.medium->version(kNs)); });
  ASSERT_TRUE(comes_true([&] { return !two.faults->take_asked().empty(); }));
  two.medium->end_reads();
  reader.join();
  two.faults->go_on();
}

// As while etcd elects a leader.
TEST_F(EtcdPagesTest, WhatAPersonAsksForOutlivesReadsThatFail) {
  write({"a", "b"});
  opened_.faults->refuse_reads(rival_->keys().seq(kNs));
  std::thread reader([&] { EXPECT_EQ(seen(), (std::set<std::string>{"a", "b"})); });
  EXPECT_TRUE(comes_true([&] { return opened_.faults->reads_refused() >= 3; }));
  opened_.faults->refuse_reads("");
  reader.join();
}

TEST_F(EtcdPagesTest, AfterTheEndOfTheReadsAReadFailsSoon) {
  write({"a", "b"});
  opened_.medium->end_reads();
  const auto read = opened_.medium->version(kNs);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace sluice::store
