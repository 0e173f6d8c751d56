// SPDX-License-Identifier: Apache-2.0
// Covers: etcd_medium_members.cc, membership.cc, moves.cc, notes.cc, namespace_claim.cc
// Covers: watch_loop.cc
// Members, their notes and ownerships, and moves, on a real etcd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/etcd/notes.h"
#include "store/etcd/testing/etcd_medium_fixture.h"

namespace sluice::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EtcdMembersTest : public EtcdMediumTest {
 protected:
  static std::vector<std::string> names(Store& store) {
    std::vector<std::string> names;
    const auto members = store.members();
    EXPECT_TRUE(members) << members.error().message;
    for (const auto& member : members.value_or(std::vector<Store::Member>())) {
      names.push_back(member.name);
    }
    return names;
  }
  // "member key=value"
  static std::vector<std::string> notes(Store& store, std::string_view prefix) {
    std::vector<std::string> lines;
    const auto notes = store.notes(prefix);
    EXPECT_TRUE(notes) << notes.error().message;
    for (const auto& note : notes.value_or(std::vector<Store::Note>())) {
      lines.push_back(note.member + " " + note.key + "=" + note.value);
    }
    return lines;
  }
  static std::string owner(Store& store) {
    const auto owners = store.owners();
    EXPECT_TRUE(owners) << owners.error().message;
    if (!owners || owners->size() != 1) return "";
    EXPECT_EQ(owners->front().ns, kNs);
    return owners->front().owner.member;
  }
  std::int64_t lease_of(const std::string& member) {
    const auto found = rival_->range(range_of(rival_->keys().member(member)));
    return found.kvs_size() == 0 ? 0 : found.kvs(0).lease();
  }
};

TEST_F(EtcdMembersTest, SeeEachOther) {
  options_.address = "127.0.0.1:2390";
  options_.version = "1.2.3";
  options_.zone = "west";
  open();
  EXPECT_TRUE(store().is_shared());
  const EtcdStore two = member("two");
  EXPECT_THAT(names(store()), ElementsAre("one", "two"));
  const auto members = store().members();
  EXPECT_TRUE(members->front().me);
  EXPECT_FALSE(members->back().me);
  EXPECT_EQ(members->back().address, "127.0.0.1:2390");
  EXPECT_EQ(members->back().version, "1.2.3");
  EXPECT_EQ(members->back().zone, "west");
  EXPECT_NE(members->front().incarnation, members->back().incarnation);
  two.store->close();
  EXPECT_THAT(names(store()), ElementsAre("one"));
}

TEST_F(EtcdMembersTest, PurgingAMemberEndsItsOwnerships) {
  begin();
  EXPECT_EQ(told("k", "1"), "durable");
  const EtcdStore two = member("two");
  ASSERT_TRUE(two.store->prepare(kNs));
  EXPECT_EQ(two.store->purge_member("three").error().kind, ErrorKind::not_found);
  const std::int64_t before = lease_of("one");
  ASSERT_TRUE(two.store->purge_member("one"));
  EXPECT_TRUE(comes_true([&] { return !owner(*two.store).empty(); }));
  EXPECT_TRUE(comes_true([&] { return lease_of("one") != 0 && lease_of("one") != before; }))
      << "a living member joins again";
}

TEST_F(EtcdMembersTest, NotesVanishWithTheirMember) {
  open();
  const EtcdStore two = member("two");
  store().set_note("status/a", "1");
  two.store->set_note("status/a", "2");
  two.store->set_note("other", "3");
  EXPECT_TRUE(comes_true([&] { return notes(store(), "").size() == 3; }));
  EXPECT_THAT(notes(store(), "status/"), ElementsAre("one status/a=1", "two status/a=2"));
  store().set_note("status/a", "4");
  EXPECT_TRUE(comes_true([&] { return notes(*two.store, "status/").front() == "one status/a=4"; }));
  store().set_note("status/a", std::nullopt);
  EXPECT_TRUE(comes_true([&] { return notes(*two.store, "status/").size() == 1; }));
  two.store->close();
  EXPECT_THAT(notes(store(), ""), IsEmpty());
}

TEST_F(EtcdMembersTest, NotesAreWrittenAgainOnANewLease) {
  open();
  store().set_note("status/a", "1");
  EXPECT_TRUE(comes_true([&] { return notes(store(), "").size() == 1; }));
  const std::int64_t before = lease_of("one");
  rival_->revoke(before);
  EXPECT_TRUE(comes_true([&] { return lease_of("one") != 0 && lease_of("one") != before; }));
  EXPECT_TRUE(comes_true([&] { return notes(store(), "").size() == 1; }));
  store().set_note("long", std::string(kNoteBytesMax + 1, 'x'));
  store().set_note("last", "2");
  EXPECT_TRUE(comes_true([&] { return notes(store(), "la").size() == 1; }));
  EXPECT_THAT(notes(store(), "long"), IsEmpty());
}

TEST_F(EtcdMembersTest, ANamespaceMovesToTheNamedMember) {
  begin();
  EXPECT_EQ(told("k", "1"), "durable");
  const EtcdStore two = member("two");
  const EtcdStore three = member("three");
  ASSERT_TRUE(two.store->prepare(kNs));
  ASSERT_TRUE(three.store->prepare(kNs));
  EXPECT_EQ(owner(store()), "one");
  for (const char* target : {"two", "three", "one", "one"}) {
    // Any member moves it.
    const auto moved = two.store->move(kNs, target);
    EXPECT_TRUE(moved) << moved.error().message;
    EXPECT_EQ(owner(store()), target);
  }
  ASSERT_TRUE(owned_again());
  EXPECT_EQ(told("k", "2"), "durable");
  EXPECT_EQ(value("k"), "2");
}

TEST_F(EtcdMembersTest, AMemberThatResignsOwnsNothingAnyMore) {
  begin();
  EXPECT_EQ(told("k", "1"), "durable");
  store().resign();
  EXPECT_EQ(told("k", "2"), "durable") << "nobody else is there";
  const EtcdStore two = member("two");
  ASSERT_TRUE(two.store->prepare(kNs));
  store().resign();
  EXPECT_TRUE(comes_true([&] { return owner(store()) == "two"; }));
  two.store->close();
  const EtcdStore three = member("three");
  ASSERT_TRUE(three.store->prepare(kNs));
  EXPECT_TRUE(comes_true([&] { return owner(store()) == "three"; }));
}

TEST_F(EtcdMembersTest, WhatIsNotThereDoesNotMove) {
  begin();
  const auto nobody = store().move(kNs, "nobody");
  EXPECT_EQ(nobody.error().kind, ErrorKind::not_found);
  EXPECT_THAT(nobody.error().message, HasSubstr("`nobody`"));
  const auto nothing = store().move("no/thing", "one");
  EXPECT_EQ(nothing.error().kind, ErrorKind::not_found);
  EXPECT_EQ(store().move("nothing", "one").error().kind, ErrorKind::invalid);
}

// A member that has not heard of the move does not take the namespace.
TEST_F(EtcdMembersTest, DuringAMoveOnlyTheNamedMemberTakes) {
  begin();
  EXPECT_EQ(told("k", "1"), "durable");
  const EtcdStore two = member("two");
  ASSERT_TRUE(two.store->prepare(kNs));
  const std::string key = rival_->keys().move(kNs);
  two.faults->hold_watches();
  rival_->put(key, R"({"namespace":"flash-sale/wasm","member":"three"})");
  ASSERT_TRUE(comes_true([&] { return owner(store()).empty(); }));
  two.faults->release_watches();
  EXPECT_EQ(owner(*two.store), "");
  EXPECT_EQ(owner(*two.store), "");
  rival_->remove(key);
  EXPECT_TRUE(comes_true([&] { return !owner(*two.store).empty(); }));
}

TEST_F(EtcdMembersTest, PrefixesDoNotOverlap) {
  open();
  EtcdOptions inside = options_;
  inside.member = "two";
  inside.prefix += "/inside";
  const auto refused = open_etcd_store(inside, 1, Logger());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("lies in the prefix `" + options_.prefix + "`"));
  EtcdOptions outer = new_cluster();
  rival_->put(outer.prefix + "/prod/cluster", rival_->value_of(rival_->keys().cluster()));
  const auto around = open_etcd_store(outer, 1, Logger());
  ASSERT_FALSE(around);
  EXPECT_EQ(around.error().kind, ErrorKind::conflict);
  EXPECT_THAT(around.error().message, HasSubstr("contains another cluster"));
}

}  // namespace
}  // namespace sluice::store
