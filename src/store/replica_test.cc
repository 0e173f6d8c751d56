// SPDX-License-Identifier: Apache-2.0
// The marks of a Replica: of records, of counts, and of the last removal.
#include "store/replica.h"

#include <gtest/gtest.h>

#include <string>

#include "store/bulk.h"

namespace sluice::store {
namespace {

class ReplicaTest : public testing::Test {
 protected:
  Write write(Op op, std::string_view key, std::string_view value = {}) {
    return {Record::make(key, value), hash_(key), op};
  }
  void put(Replica& to, Version version, std::string_view key) {
    Node node;
    node.writes.push_back(write(Op::put, key, "v"));
    node.stamp(version);
    to.apply(node);
  }
  void erase(Replica& to, Version version, std::string_view key) {
    Node node;
    node.writes.push_back(write(Op::erase, key));
    node.stamp(version);
    to.apply(node);
  }
  // The chain has this commit before the bulk.
  void put_below(Replica& to, Version version, std::string_view key, const Bulk& bulk) {
    Node node;
    node.writes.push_back(write(Op::put, key, "v"));
    node.stamp(version);
    to.apply_below(node, bulk);
  }
  bool has(const Replica& to, std::string_view key) { return to.find(hash_(key), key) != nullptr; }

  const Hash hash_;
  const std::shared_ptr<Backroom> backroom_ = std::make_shared<Backroom>();
  Replica replica_{hash_, backroom_, 3};
};

TEST_F(ReplicaTest, TheLastRemovalIsOfAKeyThatWasThere) {
  EXPECT_EQ(replica_.last_erase(), 3U) << "earlier removals are unknown";
  put(replica_, 4, "a");
  erase(replica_, 5, "absent");
  EXPECT_EQ(replica_.last_erase(), 3U);
  erase(replica_, 6, "a");
  EXPECT_EQ(replica_.last_erase(), 6U);
  put(replica_, 7, "b");
  EXPECT_EQ(replica_.copy().last_erase(), 6U) << "a later one would make runs conflict for nothing";
}

// A commit before the bulk inserts a key that the bulk removes again. A run that reads the key as
// absent depends on the bulk, although the bulk found nothing to remove when it was built.
TEST_F(ReplicaTest, ABulkClearRemovesWhatCameBelowIt) {
  for (Version version = 10; version < 40; version += 10) {
    Bulk bulk;
    bulk.clear = "id/";
    Replica state = replica_.copy();
    const Version before = state.last_erase();
    state.begin_bulk(bulk);
    EXPECT_EQ(state.last_erase(), before) << "it removes nothing as yet";
    put_below(state, version, "x", bulk);
    EXPECT_EQ(state.last_erase(), before);
    put_below(state, version + 1, "id/late", bulk);
    state.set_bulk_version(version + 2);
    EXPECT_FALSE(has(state, "id/late"));
    EXPECT_TRUE(has(state, "x"));
    EXPECT_EQ(state.version(), version + 2);
    EXPECT_EQ(state.last_erase(), version + 2);
    replica_ = std::move(state);
  }
}

TEST_F(ReplicaTest, WhatABulkPutsStaysOverWhatCameBelowIt) {
  put(replica_, 4, "a");
  (void)replica_.count("", 100);
  Bulk bulk;
  bulk.puts.push_back({Record::make("a", "bulk"), hash_("a"), Op::put});
  replica_.begin_bulk(bulk);
  put_below(replica_, 5, "a", bulk);
  put_below(replica_, 6, "b", bulk);
  replica_.set_bulk_version(7);
  EXPECT_EQ(replica_.find(hash_("a"), "a")->value(), "bulk");
  EXPECT_EQ(replica_.version_of(Replica::mark_of(replica_.find(hash_("a"), "a"))), 7U);
  const auto* counter = replica_.count("", 100);
  EXPECT_EQ(counter->count, 2U);
  EXPECT_EQ(replica_.version_of(counter->changed), 7U);
}

TEST_F(ReplicaTest, AllIsErasedDuringACount) {
  for (int i = 0; i < 10; ++i) put(replica_, 4, "id/" + std::to_string(i));
  const std::string prefix = "id/";
  const Table table = replica_.begin_count({&prefix, 1}, 1);
  Node node;
  node.bulk = std::make_unique<Bulk>();
  node.bulk->clear = "";
  node.stamp(5);
  replica_.apply(node);
  put(replica_, 6, "id/new");
  replica_.finish_count(prefix, count_keys(table, {&prefix, 1}).front(), 1);
  EXPECT_EQ(replica_.count(prefix, 0)->count, 1U);
}

// No two bulk changes of a namespace have the same mark, even if different replicas built them.
TEST_F(ReplicaTest, MarksGoOnWhereAnotherReplicaHasEnded) {
  const auto mark_of_bulk = [&](Replica& its) {
    Bulk bulk;
    bulk.puts.push_back({Record::make("k", "v"), hash_("k"), Op::put});
    its.begin_bulk(bulk);
    its.set_bulk_version(9);
    return Replica::mark_of(its.find(hash_("k"), "k"));
  };
  const Version first = mark_of_bulk(replica_);
  Replica next(hash_, backroom_, 20, replica_.bulk_marks());
  EXPECT_NE(mark_of_bulk(next), first);
  EXPECT_EQ(next.version_of(Replica::mark_of(next.find(hash_("k"), "k"))), 9U);
}

}  // namespace
}  // namespace sluice::store
