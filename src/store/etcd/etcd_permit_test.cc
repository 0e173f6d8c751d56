// SPDX-License-Identifier: Apache-2.0
// Permits to read from memory, and owners that give a namespace up in order, on a real etcd.
#include <gtest/gtest.h>

#include <atomic>

#include "store/etcd/testing/etcd_medium_fixture.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

TEST_F(EtcdMediumTest, AnOwnerReadsFromMemoryDuringItsPermit) {
  options_.read_permit = 60s;
  begin();
  ASSERT_EQ(told("k", "1"), "durable");
  const int sent = faults().sent();
  View& its = view();
  for (int i = 0; i < 100; ++i) {
    cores_.on(0, [&] { EXPECT_TRUE(its.is_confirmed(its.moment(), 0)); });
  }
  EXPECT_EQ(faults().sent(), sent);
}

TEST_F(EtcdMediumTest, APermitCountsFromTheFirstSending) {
  options_.read_permit = 300ms;
  begin();
  ASSERT_EQ(told("k", "1"), "durable");
  std::atomic<bool> sent = false;
  TimePoint first;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    if (!is_group(txn)) return KvFault::none;
    if (!sent.exchange(true)) first = Clock::now();
    return Clock::now() < first + options_.read_permit ? KvFault::answer_lost : KvFault::none;
  });
  EXPECT_EQ(told("k", "2"), "durable");
  View& its = view();
  cores_.on(0, [&] { EXPECT_FALSE(its.is_confirmed(its.moment(), 0)); });
}

TEST_F(EtcdMediumTest, APermitEndsWithoutAnAnswer) {
  options_.read_permit = 50ms;
  begin();
  ASSERT_EQ(told("k", "1"), "durable");
  KvFaults::Chosen chosen = faults().choose([](const pb::TxnRequest&) { return KvFault::lost; });
  View& its = view();
  ASSERT_TRUE(
      comes_true([&] { return cores_.on(0, [&] { return !its.is_confirmed(its.moment(), 0); }); }));
  auto moment = cores_.on(0, [&] { return its.moment(); });
  EXPECT_FALSE(cores_.await(0, [&] { return its.confirmed(moment, 0, in(100ms)); }));
}

// The next owner writes after the permits of the one before, which does not know of it.
TEST_F(EtcdMediumTest, TheNextOwnerWaitsForThePermitsOfTheOneBefore) {
  options_.read_permit = 700ms;
  begin();
  ASSERT_EQ(told("k", "1"), "durable");
  View& its = view();
  EtcdStore two = member("two");
  ASSERT_EQ(two.trouble, "");
  ASSERT_TRUE(two.store->prepare(kNs));
  ASSERT_FALSE(two.store->status(kNs).owned);
  faults().hold_watches();
  KvFaults::Chosen chosen = faults().choose(
      [](const pb::TxnRequest& txn) { return is_take(txn) ? KvFault::lost : KvFault::none; });
  auto confirmed = cores_.on(0, [&] { return its.moment(); });
  ASSERT_TRUE(cores_.await(0, [&] { return its.confirmed(confirmed, 0, in(20s)); }));
  rival_->remove(rival_->keys().owner(kNs));
  ASSERT_TRUE(owned_within(*two.store, 20s));
  View& theirs = view_of(*two.store);
  const Commit commit = cores_.on(0, [&] { return sluice::store::put(theirs, "k", "2"); });
  EXPECT_EQ(fate_in(*two.store, commit), "durable");
  cores_.on(0, [&] {
    EXPECT_TRUE(its.owned()) << "it does not know";
    EXPECT_FALSE(its.is_confirmed(its.moment(), 0));
  });
  faults().release_watches();
}

TEST_F(EtcdMediumTest, AnOwnershipThatWasGivenUpInOrderNeedsNoWait) {
  options_.read_permit = 60s;
  begin();
  ASSERT_EQ(told("k", "1"), "durable");
  store().close();
  EXPECT_EQ(rival_->value_of(rival_->keys().owner(kNs)), "absent");
  EXPECT_NE(rival_->value_of(rival_->keys().released(kNs)), "absent");
  EXPECT_EQ(rival_->value_of(rival_->keys().member("one")), "absent");
  opened_ = member("two");
  ASSERT_EQ(opened_.trouble, "");
  prepare();
  EXPECT_EQ(told("k", "2"), "durable");
  EXPECT_EQ(rival_->value_of(rival_->keys().released(kNs)), "absent");
  // Without that, it waits. One that has not waited to the end leaves nothing to the next.
  rival_->remove(rival_->keys().owner(kNs));
  ASSERT_TRUE(comes_true([&] { return !store().status(kNs).owned; }));
  EXPECT_FALSE(owned_within(store(), 500ms));
  store().close();
  EXPECT_EQ(rival_->value_of(rival_->keys().released(kNs)), "absent");
}

TEST_F(EtcdMediumTest, ANamespaceMayMoveInOrder) {
  options_.read_permit = 60s;
  begin();
  ASSERT_EQ(told("k", "1"), "durable");
  EtcdStore two = member("two");
  ASSERT_EQ(two.trouble, "");
  ASSERT_TRUE(two.store->prepare(kNs));
  View& its = view();
  EXPECT_TRUE(cores_.on(0, [&] { return its.is_confirmed(its.moment(), 0); }));
  opened_.medium->retire(kNs);
  ASSERT_TRUE(owned_within(*two.store, 20s)) << "without a wait";
  cores_.on(0, [&] {
    EXPECT_FALSE(its.owned());
    EXPECT_FALSE(its.is_confirmed(its.moment(), 1));
  });
  View& theirs = view_of(*two.store);
  const Commit commit = cores_.on(0, [&] { return sluice::store::put(theirs, "k", "2"); });
  EXPECT_EQ(fate_in(*two.store, commit), "durable");
  two.medium->retire(kNs);
  ASSERT_TRUE(owned_again());
  EXPECT_EQ(told("k", "3"), "durable");
  EXPECT_EQ(rival_->seq_of(kNs).version, 3U);
}

}  // namespace
}  // namespace sluice::store
