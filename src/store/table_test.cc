// SPDX-License-Identifier: Apache-2.0
// Covers: hash.cc, prefix_counts.cc, record.cc, replica.cc
#include "store/table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "store/bulk.h"
#include "store/hash.h"
#include "store/prefix_counts.h"
#include "store/replica.h"

namespace sluice::store {
namespace {

std::size_t size_by_visiting(const Table& table) {
  std::size_t count = 0;
  table.for_each([&](std::uint32_t, const Record&) { ++count; });
  return count;
}

TEST(Hash, DiffersBetweenSecretsAndKeys) {
  const Hash a;
  const Hash b;
  EXPECT_EQ(a("id/user1"), a("id/user1"));
  int same = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "id/" + std::to_string(i);
    if (a(key) == b(key)) ++same;
    if (a(key) == a(key + "x")) ++same;
  }
  EXPECT_LT(same, 3);
}

TEST(Record, HoldsKeyAndValue) {
  const RecordRef record = Record::make("key", std::string("v\0x", 3));
  EXPECT_EQ(record->key(), "key");
  EXPECT_EQ(record->value(), std::string_view("v\0x", 3));
  const RecordRef empty = Record::make("", "");
  EXPECT_EQ(empty->key(), "");
  EXPECT_EQ(empty->value(), "");
}

// Random puts and erases against std::map, through many splits.
TEST(Table, AgreesWithAMap) {
  const Hash hash;
  Table table;
  std::map<std::string, std::string> model;
  std::mt19937 random(7);
  for (int step = 0; step < 200'000; ++step) {
    const std::string key = "k" + std::to_string(random() % 30'000);
    if (random() % 3 != 0) {
      const std::string value = std::to_string(step);
      const RecordRef replaced = table.put(hash(key), Record::make(key, value));
      EXPECT_EQ(static_cast<bool>(replaced), model.contains(key));
      model[key] = value;
    } else {
      const RecordRef removed = table.erase(hash(key), key);
      EXPECT_EQ(static_cast<bool>(removed), model.erase(key) == 1);
    }
  }
  EXPECT_EQ(table.size(), model.size());
  const Table copy = table.copy();
  table = Table();
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(size_by_visiting(copy), model.size());
  for (int i = 0; i < 30'000; ++i) {
    const std::string key = "k" + std::to_string(i);
    const Record* found = copy.find(hash(key), key);
    const auto expected = model.find(key);
    ASSERT_EQ(found != nullptr, expected != model.end()) << key;
    if (found != nullptr) {
      EXPECT_EQ(found->value(), expected->second);
    }
  }
}

TEST(Table, CopesWithEqualHashes) {
  Table table;
  for (int i = 0; i < 5'000; ++i) {
    const std::string key = std::to_string(i);
    table.put(static_cast<std::uint32_t>(i % 3), Record::make(key, key));
  }
  for (int i = 0; i < 5'000; i += 2) {
    EXPECT_TRUE(table.erase(static_cast<std::uint32_t>(i % 3), std::to_string(i)));
  }
  EXPECT_EQ(table.size(), 2'500U);
  for (int i = 0; i < 5'000; ++i) {
    const std::string key = std::to_string(i);
    EXPECT_EQ(table.find(static_cast<std::uint32_t>(i % 3), key) != nullptr, i % 2 == 1);
  }
}

TEST(PrefixCounts, FollowInsertsAndErases) {
  PrefixCounts counts;
  counts.add("id/", 2, 5);
  counts.add("", 3, 5);
  counts.inserted("id/x", 6);
  counts.inserted("other", 7);
  counts.erased("id/y", 8);
  EXPECT_EQ(counts.find("id/")->count, 2U);
  EXPECT_EQ(counts.find("id/")->changed, 8U);
  EXPECT_EQ(counts.find("")->count, 4U);
  counts.inserted("i", 9);
  EXPECT_EQ(counts.find("id/")->changed, 8U);
  counts.erased_all(10);
  EXPECT_EQ(counts.find("")->count, 0U);
  EXPECT_EQ(counts.find("")->changed, 10U);
}

TEST(PrefixCounts, DropTheLeastRecentlyUsed) {
  PrefixCounts counts;
  for (std::size_t i = 0; i < PrefixCounts::kCountersMax; ++i) {
    counts.add("p" + std::to_string(i), i, 1);
  }
  EXPECT_NE(counts.find("p0"), nullptr);
  counts.add("new", 1, 2);
  EXPECT_NE(counts.find("p0"), nullptr);
  EXPECT_EQ(counts.find("p1"), nullptr);
  EXPECT_NE(counts.find("new"), nullptr);
}

TEST(PrefixCounts, WhatIsCountedMeanwhileFollowsTheChanges) {
  PrefixCounts counts;
  counts.begin("id/", 5, 1);
  EXPECT_EQ(counts.find("id/"), nullptr) << "not counted yet";
  counts.inserted("id/new", 6);
  counts.finish("id/", 10, 1);
  ASSERT_NE(counts.find("id/"), nullptr);
  EXPECT_EQ(counts.find("id/")->count, 11U);
  counts.inserted("id/", 7);
  EXPECT_EQ(counts.find("id/")->count, 12U) << "a key that is the prefix begins with it";
}

// The count is of a table that no longer exists.
TEST(PrefixCounts, ACountFromBeforeAnEraseAllIsNotAdded) {
  PrefixCounts counts;
  counts.begin("id/", 5, 1);
  counts.erased_all(6);
  counts.inserted("id/new", 7);
  counts.finish("id/", 1'000'000, 1);
  ASSERT_NE(counts.find("id/"), nullptr);
  EXPECT_EQ(counts.find("id/")->count, 1U);
  counts.begin("x/", 8, 2);
  counts.begin("x/", 9, 3);
  counts.finish("x/", 5, 2);
  EXPECT_EQ(counts.find("x/"), nullptr) << "the second count is under way";
  counts.finish("x/", 7, 3);
  EXPECT_EQ(counts.find("x/")->count, 7U);
}

TEST(PrefixCounts, OnesOfTheSameLengthGoOnWhenOneIsDropped) {
  PrefixCounts counts;
  for (std::size_t i = 0; i < PrefixCounts::kCountersMax + 1; ++i)
    counts.add("p" + std::to_string(1000 + i), 0, 1);
  EXPECT_EQ(counts.find("p1000"), nullptr);
  counts.inserted("p1001/x", 2);
  EXPECT_EQ(counts.find("p1001")->count, 1U);
}

struct Commits {
  Hash hash;
  Node node;
  Commits& put(std::string_view key) { return add(Op::put, key); }
  Commits& erase(std::string_view key) { return add(Op::erase, key); }
  Commits& clear(std::string_view prefix) {
    node.bulk = std::make_unique<Bulk>();
    node.bulk->clear = prefix;
    return *this;
  }
  Commits& add(Op op, std::string_view key) {
    node.writes.push_back({Record::make(key, "v"), hash(key), op});
    return *this;
  }
  void apply(Replica& replica) {
    node.stamp(replica.version() + 1);
    replica.apply(node);
    node.writes.clear();
    node.bulk.reset();
  }
};

TEST(Replica, ClearsByPrefixAndWhole) {
  Commits commits;
  Replica replica(commits.hash, std::make_shared<Backroom>(), 0);
  const auto count = [&](std::string_view prefix) { return replica.count(prefix, 4096)->count; };
  for (int i = 0; i < 1'000; ++i) commits.put("id/" + std::to_string(i));
  commits.put("other");
  commits.apply(replica);
  EXPECT_EQ(count("id/"), 1'000U);
  EXPECT_EQ(count("id/9"), 111U);
  EXPECT_EQ(replica.last_erase(), 0U);
  commits.clear("id/9").apply(replica);
  EXPECT_EQ(count("id/"), 889U);
  EXPECT_EQ(count("id/9"), 0U);
  EXPECT_EQ(replica.last_erase(), 2U);
  commits.erase("absent").apply(replica);
  EXPECT_EQ(replica.last_erase(), 2U);
  commits.clear("").apply(replica);
  EXPECT_EQ(replica.size(), 0U);
  EXPECT_EQ(replica.last_erase(), 4U);
  commits.put("id/1").apply(replica);
  EXPECT_EQ(replica.size(), 1U);
  EXPECT_EQ(count("id/"), 1U);
  EXPECT_EQ(count(""), 1U);
}

// A run that finds a key absent depends on its last removal: on no later one, and no earlier one.
TEST(Replica, KnowsTheLastRemovalWhateverItWas) {
  Commits commits;
  Replica replica(commits.hash, std::make_shared<Backroom>(), 0);
  commits.put("id/1").put("id/2").put("other").apply(replica);
  commits.erase("id/1").apply(replica);
  EXPECT_EQ(replica.last_erase(), 2U);
  EXPECT_EQ(replica.copy().last_erase(), 2U);
  commits.put("id/3").apply(replica);
  EXPECT_EQ(replica.last_erase(), 2U);
  commits.clear("id/").apply(replica);
  EXPECT_EQ(replica.last_erase(), 4U);
  EXPECT_EQ(replica.copy().last_erase(), 4U);
  commits.clear("").apply(replica);
  EXPECT_EQ(replica.last_erase(), 5U);
  commits.clear("").apply(replica);
  EXPECT_EQ(replica.last_erase(), 5U) << "there was nothing to remove";
}

// A bulk change whose state is built off the cores, with commits that turn out to precede it. The
// result equals applying the commits first and the bulk second.
TEST(Replica, ABulkOverLaterCommitsIsAsIfItCameAfterThem) {
  Commits commits;
  const auto backroom = std::make_shared<Backroom>();
  Replica replica(commits.hash, backroom, 0);
  const auto count = [](Replica& of, std::string_view prefix) {
    return of.count(prefix, 4096)->count;
  };
  commits.put("id/1").put("other/1").apply(replica);
  (void)count(replica, "id/");
  (void)count(replica, "other/");

  Bulk bulk;
  bulk.clear = "id/";
  bulk.puts.push_back({Record::make("id/new", "bulk"), commits.hash("id/new"), Op::put});
  Replica state = replica.copy();
  state.begin_bulk(bulk);
  Commits below;
  below.hash = commits.hash;
  below.put("id/late").put("id/new").put("other/2").erase("other/1");
  below.node.stamp(2);
  state.apply_below(below.node, bulk);
  replica.apply(below.node);
  state.set_bulk_version(3);

  const auto find = [&](Replica& of, std::string_view key) {
    return of.find(commits.hash(key), key);
  };
  EXPECT_EQ(find(state, "id/1"), nullptr);
  EXPECT_EQ(find(state, "id/late"), nullptr) << "committed before the clear";
  ASSERT_NE(find(state, "id/new"), nullptr);
  EXPECT_EQ(find(state, "id/new")->value(), "bulk") << "the bulk's is the later one";
  EXPECT_NE(find(state, "other/2"), nullptr);
  EXPECT_EQ(find(state, "other/1"), nullptr);
  EXPECT_EQ(count(state, "id/"), 1U);
  EXPECT_EQ(count(state, "other/"), 1U);
  EXPECT_EQ(state.last_erase(), 3U) << "the clear removes id/late once more";
  EXPECT_EQ(state.version(), 3U);
}

}  // namespace
}  // namespace sluice::store
