// SPDX-License-Identifier: Apache-2.0
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

}  // namespace
}  // namespace sluice::store
