// SPDX-License-Identifier: Apache-2.0
// Covers: requests.cc
#include "store/etcd/keys.h"

#include <gtest/gtest.h>

#include "store/etcd/requests.h"

namespace sluice::store {
namespace {

TEST(Keys, NamesThePartsOfANamespace) {
  const Keys keys = *Keys::make("sluice/prod/");
  EXPECT_EQ(keys.owner("flash-sale/wasm"), "sluice/prod/data/flash-sale/wasm/owner");
  EXPECT_EQ(keys.seq("a/b"), "sluice/prod/data/a/b/seq");
  EXPECT_EQ(keys.epoch("a/b", {7, 1}) + "k/1", "sluice/prod/data/a/b/e7.1/k/1");
  EXPECT_EQ(keys.member("x/y"), "sluice/prod/members/x%2Fy");
  EXPECT_FALSE(Keys::make("//"));
  EXPECT_FALSE(Keys::make(std::string(Keys::kPrefixBytesMax + 1, 'x')));
}

// No namespace lies in the keys of another one.
TEST(Keys, ANamespaceHasTwoSegments) {
  const Keys keys = *Keys::make("p");
  for (const std::string ns : {"a/b", "a/b/owner", "a/b%2Fc", "a%/b", "x/e1.1/k"}) {
    ASSERT_TRUE(Keys::check(ns));
    EXPECT_EQ(keys.namespace_of(keys.owner(ns)), ns);
    EXPECT_EQ(keys.namespace_of(keys.epoch(ns, {1, 1}) + "a/b/c"), ns);
  }
  EXPECT_EQ(keys.namespace_of("p/members/a/b"), std::nullopt);
  EXPECT_EQ(keys.namespace_of("p/data/a"), std::nullopt);
  EXPECT_EQ(keys.namespace_of("p/data/a%/b/seq"), std::nullopt);
  for (const char* ns : {"", "a", "/b", "a/"}) EXPECT_FALSE(Keys::check(ns)) << ns;
  EXPECT_EQ(Keys::check("a/" + std::string(200, 'b')).error().kind, ErrorKind::too_large);
}

TEST(Keys, FindsTheNameOfADocument) {
  const Keys keys = *Keys::make("p");
  const auto name = keys.document_of(keys.document("a/b", "c/d"));
  ASSERT_TRUE(name);
  EXPECT_EQ(name->collection, "a/b");
  EXPECT_EQ(name->key, "c/d");
  EXPECT_FALSE(keys.document_of(keys.documents()));
  EXPECT_FALSE(keys.document_of("p/documents/x"));
}

TEST(Keys, FindsMembersAndNotes) {
  const Keys keys = *Keys::make("p");
  EXPECT_EQ(keys.member_of(keys.member("a/b%")), "a/b%");
  EXPECT_EQ(keys.member_of("p/notes/a"), std::nullopt);
  const auto note = keys.note_of(keys.note("status/shop", "a/b"));
  ASSERT_TRUE(note);
  EXPECT_EQ(note->key, "status/shop");
  EXPECT_EQ(note->member, "a/b");
  EXPECT_FALSE(keys.note_of("p/notes/a"));
  EXPECT_FALSE(keys.note_of("p/members/a/b"));
  EXPECT_TRUE(Keys::is_own_folder("moves"));
  EXPECT_FALSE(Keys::is_own_folder("prod"));
}

// etcd counts the operations of a list together with those of the list around it.
TEST(Packs, KeepToTheLimitOfOperations) {
  for (const std::size_t count : {1UL, 60UL, 61UL, kGroupOperationsMax}) {
    Packs packs;
    for (std::size_t i = 0; i < count; ++i) {
      if (i % 2 == 0) {
        packs.put(std::to_string(i), "v");
      } else {
        packs.erase(std::to_string(i));
      }
    }
    EXPECT_EQ(packs.fits(1, 1), count < kGroupOperationsMax);
    EXPECT_GE(packs.bytes(), count * kOperationBytes);
    pb::TxnRequest txn;
    packs.move_to(txn);
    add_put(*txn.add_success(), "seq", "");
    int operations = 0;
    for (const auto& operation : txn.success()) {
      if (!operation.has_request_txn()) {
        ++operations;
        continue;
      }
      EXPECT_LE(operation.request_txn().success_size(), 128 - txn.success_size());
      operations += operation.request_txn().success_size();
    }
    EXPECT_EQ(static_cast<std::size_t>(operations), count + 1);
    EXPECT_LE(txn.success_size(), 128);
    EXPECT_EQ(txn.success(txn.success_size() - 1).request_put().key(), "seq");
  }
}

}  // namespace
}  // namespace sluice::store
