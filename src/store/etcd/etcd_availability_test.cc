// SPDX-License-Identifier: Apache-2.0
// Covers: journal_shared.cc, tenure.cc, reach.cc, etcd_parts.cc, etcd_medium.cc
// An etcd that does not answer for a while, or one of its transactions, and members that do not
// reach each other: who waits, who is refused, and who gives up.
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "store/etcd/reach.h"
#include "store/etcd/testing/etcd_medium_fixture.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr const char* kOther = "other-sale/wasm";

class EtcdAvailabilityTest : public EtcdMediumTest {
 protected:
  // As put() and fate(), in any store and namespace.
  Commit put_in(Store& store, const char* ns, const std::string& value) {
    View& its = cores_.on(0, [&]() -> View& { return store.view(cores_.core(0), ns); });
    return cores_.on(0, [&] { return sluice::store::put(its, "k", value); });
  }
  std::string told_in(Store& store, const char* ns, const std::string& value) {
    const Commit commit = put_in(store, ns, value);
    if (commit.status != CommitStatus::committed) return "not committed";
    View& its = cores_.on(0, [&]() -> View& { return store.view(cores_.core(0), ns); });
    const auto waited =
        cores_.await(0, [&] { return its.durable(commit.version, in(std::chrono::seconds(20))); });
    return waited ? "durable" : waited.error().message;
  }
  static std::string owner(Store& store, const char* ns = kNs) {
    for (const auto& owned : store.owners().value_or(std::vector<Store::OwnedNamespace>())) {
      if (owned.ns == ns) return owned.owner.member;
    }
    return "";
  }
};

// --- The outcome of a group is open ------------------------------------------------------------

// An election of etcd takes seconds. The writes take effect after it, so nobody is refused.
TEST_F(EtcdAvailabilityTest, WhoeverWaitsForAnOpenOutcomeGetsHisAnswer) {
  options_.owner_wait = 60s;
  begin();
  std::atomic<bool> away = true;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    return is_group(txn) && away ? KvFault::lost : KvFault::none;
  });
  faults().grants_no_lease() = true;  // it is etcd that does not answer
  const TimePoint begin = Clock::now();
  std::vector<Commit> commits;
  while (Clock::now() < begin + 3s) {
    commits.push_back(put("k" + std::to_string(commits.size()), "1"));
    ASSERT_EQ(commits.back().status, CommitStatus::committed);
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_EQ(store().health(), "");
  away = false;
  for (const Commit& commit : commits) EXPECT_EQ(fate(commit), "durable");
  EXPECT_EQ(rival_->seq_of(kNs).version, commits.size());
}

TEST_F(EtcdAvailabilityTest, TheFirstCopiesAreShort) {
  options_.owner_wait = 60s;
  begin();
  Mutex mutex;
  std::set<std::string> sent;
  std::atomic<int> left = 4;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    if (!is_group(txn)) return KvFault::none;
    const MutexLock lock(mutex);
    sent.insert(txn.SerializeAsString());
    return left-- > 0 ? KvFault::silent : KvFault::none;
  });
  EXPECT_EQ(told("k", "1"), "durable");
  const auto patience = faults().patience();
  ASSERT_EQ(patience.size(), 4U);
  EXPECT_LE(patience[0], 300ms);
  for (const Duration each : patience) EXPECT_LE(each, 700ms);
  const MutexLock lock(mutex);
  EXPECT_EQ(sent.size(), 1U) << "the identical one";
}

// After --owner-wait, the namespace refuses, until etcd answers.
TEST_F(EtcdAvailabilityTest, AnOutcomeThatStaysOpenRefusesWhoComes) {
  options_.owner_wait = 1s;
  begin();
  std::atomic<bool> away = true;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    return is_group(txn) && away ? KvFault::lost : KvFault::none;
  });
  faults().grants_no_lease() = true;
  const TimePoint begin = Clock::now();
  const Commit commit = put("k", "1");
  EXPECT_NE(fate(commit).find("cannot write"), std::string::npos);
  EXPECT_GE(Clock::now() - begin, options_.owner_wait * 3 / 4);
  EXPECT_EQ(put("k", "2").status, CommitStatus::unavailable);
  EXPECT_NE(store().health().find(kNs), std::string::npos) << store().health();
  away = false;
  ASSERT_TRUE(comes_true([&] { return store().health().empty(); }));
  EXPECT_EQ(fate(commit), "durable");
  EXPECT_EQ(told("k", "3"), "durable");
}

// --- A namespace that cannot be written holds back no other one --------------------------------

TEST_F(EtcdAvailabilityTest, AStuckNamespaceHoldsBackNoOtherOne) {
  options_.owner_wait = 3s;
  begin();
  ASSERT_TRUE(store().prepare(kOther));
  ASSERT_EQ(told_in(store(), kOther, "0"), "durable");
  std::atomic<bool> away = true;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    return is_group_of(txn, kNs) && away ? KvFault::silent : KvFault::none;
  });
  faults().grants_no_lease() = true;
  const Commit stuck = put("k", "1");
  ASSERT_TRUE(comes_true([&] { return !faults().patience().empty(); }));
  for (int i = 1; i <= 20; ++i) {
    ASSERT_EQ(told_in(store(), kOther, std::to_string(i)), "durable") << "while the group is open";
  }
  EXPECT_EQ(store().status(kNs).durable, 0U);
  ASSERT_TRUE(comes_true([&] { return put("k", "2").status == CommitStatus::unavailable; }));
  EXPECT_EQ(told_in(store(), kOther, "21"), "durable") << "while the namespace refuses";
  EXPECT_TRUE(store().apply(kOther, {{"a", "1"}}));
  EXPECT_FALSE(store().apply(kNs, {{"a", "1"}}));
  away = false;
  ASSERT_TRUE(comes_true([&] { return store().health().empty(); }));
  EXPECT_EQ(fate(stuck), "durable");
  EXPECT_EQ(told("k", "3"), "durable");
}

// A large bulk change makes an epoch in steps, between the groups of its namespace.
TEST_F(EtcdAvailabilityTest, ABulkChangeWaitsForNoOtherNamespace) {
  options_.owner_wait = 20s;
  begin(5);
  ASSERT_TRUE(store().prepare(kOther));
  std::atomic<bool> away = true;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    return is_group_of(txn, kNs) && away ? KvFault::silent : KvFault::none;
  });
  faults().grants_no_lease() = true;
  const Commit stuck = put("k", "1");
  ASSERT_TRUE(comes_true([&] { return !faults().patience().empty(); }));
  const auto import = store().begin_import(kOther);
  ASSERT_TRUE(import);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE((*import)->add("b" + std::to_string(i), "1"));
  EXPECT_TRUE((*import)->commit());
  EXPECT_EQ(store().count(kOther, ""), 50U);
  away = false;
  EXPECT_EQ(fate(stuck), "durable");
}

// --- Rule 11: an owner that cannot write gives up ----------------------------------------------

TEST_F(EtcdAvailabilityTest, AnOwnerWhoseTransactionAloneIsNotTakenGivesUp) {
  options_.owner_wait = 20s;
  begin();
  ASSERT_EQ(told("k", "0"), "durable");
  const EtcdStore two = member("two");
  ASSERT_TRUE(two.store->prepare(kNs));
  KvFaults::Chosen chosen = faults().choose(
      [&](const pb::TxnRequest& txn) { return is_group(txn) ? KvFault::late : KvFault::none; });
  EXPECT_EQ(told("k", "ours"), "lost");
  ASSERT_TRUE(owned_within(*two.store, 20s)) << owner(store());
  EXPECT_EQ(told_in(*two.store, kNs, "theirs"), "durable");
  for (const auto& txn : faults().take_late()) EXPECT_FALSE(rival_->commit(txn).succeeded());
  EXPECT_EQ(value("k"), "theirs");
}

// Nobody else could write either.
TEST_F(EtcdAvailabilityTest, AnOwnerKeepsWhatNobodyCanWrite) {
  options_.owner_wait = 60s;
  begin();
  const EtcdStore two = member("two");
  ASSERT_TRUE(two.store->prepare(kNs));
  ASSERT_EQ(told("k", "0"), "durable");
  const Fence before = rival_->seq_of(kNs).fence;
  std::atomic<bool> away = true;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    return is_group(txn) && away ? KvFault::lost : KvFault::none;
  });
  faults().grants_no_lease() = true;
  const Commit commit = put("k", "1");
  const TimePoint end = Clock::now() + 5s;
  EXPECT_TRUE(comes_true([&] { return Clock::now() > end || owner(store()) != "one"; }));
  EXPECT_EQ(owner(store()), "one");
  away = false;
  EXPECT_EQ(fate(commit), "durable");
  EXPECT_EQ(rival_->seq_of(kNs).fence, before);
}

// --- Rule 11: an owner that no other member reaches gives up -----------------------------------

MemberRecord record(const std::string& name, std::uint8_t number) {
  MemberRecord record;
  record.name = name;
  record.incarnation.bytes[0] = number;
  record.address = name + ":2390";
  return record;
}

TEST(Reach, WhatAMemberOwnsGoesElsewhereOnlyIfThatHelps) {
  const MemberRecord a = record("a", 1);
  const MemberRecord b = record("b", 2);
  const MemberRecord c = record("c", 3);
  using All = Reach::Complaints;
  const auto better = [&](const MemberRecord& of, const All& all) {
    return Reach::is_better_elsewhere(of.incarnation, all);
  };
  const auto of = [](const MemberRecord& by, const MemberRecord& about) {
    return std::pair(by.incarnation, about.incarnation);
  };
  const std::vector<MemberRecord> three = {a, b, c};
  EXPECT_FALSE(better(a, {.members = {a}, .complaints = {}}));
  EXPECT_FALSE(better(a, {.members = three, .complaints = {of(b, a)}})) << "one reaches it";
  EXPECT_TRUE(better(a, {.members = three, .complaints = {of(b, a), of(c, a)}}));
  EXPECT_TRUE(
      better(a, {.members = three, .complaints = {of(b, a), of(c, a), of(a, b), of(a, c)}}));
  EXPECT_TRUE(better(a, {.members = {a, b}, .complaints = {of(b, a)}}));
  EXPECT_FALSE(better(a, {.members = {a, b}, .complaints = {of(b, a), of(a, b)}}));
  const std::set<std::pair<RandomId, RandomId>> everyone = {of(a, b), of(a, c), of(b, a),
                                                            of(b, c), of(c, a), of(c, b)};
  for (const auto& each : three) EXPECT_FALSE(better(each, {three, everyone})) << each.name;
  MemberRecord portless = b;
  portless.address.clear();
  EXPECT_FALSE(better(a, {.members = {a, portless}, .complaints = {of(portless, a)}}));
}

class EtcdReachTest : public EtcdAvailabilityTest {
 protected:
  // Opens a member. It reaches all addresses but those in `cut_` ("by>about").
  EtcdStore reaching(const std::string& name) {
    EtcdMedium::Options options;
    options.etcd = options_;
    options.etcd.member = name;
    options.etcd.address = name;
    options.etcd.reach_member = [this, name](const loop::Core&, const std::string& address,
                                             TimePoint) -> Task<bool> {
      const MutexLock lock(mutex_);
      ++asked_[address];
      co_return !cut_.contains(name + ">" + address);
    };
    return open_on_etcd(std::move(options), cores_.count(), Limits());
  }
  void cut(const std::string& by, const std::string& about) {
    const MutexLock lock(mutex_);
    cut_.insert(by + ">" + about);
  }
  void heal() {
    const MutexLock lock(mutex_);
    cut_.clear();
  }
  int asked(const std::string& address) {
    const MutexLock lock(mutex_);
    return asked_[address];
  }
  void begin_three() {
    one_ = reaching("one");
    ASSERT_EQ(one_.trouble, "");
    ASSERT_TRUE(one_.store->prepare(kNs));
    ASSERT_EQ(told_in(*one_.store, kNs, "0"), "durable");
    two_ = reaching("two");
    three_ = reaching("three");
    ASSERT_TRUE(two_.store->prepare(kNs));
    ASSERT_TRUE(three_.store->prepare(kNs));
    ASSERT_EQ(owner(*one_.store), "one");
  }

  Mutex mutex_;
  std::set<std::string> cut_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, int> asked_ SLUICE_GUARDED_BY(mutex_);
  EtcdStore one_;
  EtcdStore two_;
  EtcdStore three_;
};

TEST_F(EtcdReachTest, AnOwnerThatNobodyReachesGivesUp) {
  begin_three();
  cut("two", "one");
  cut("three", "one");
  ASSERT_TRUE(comes_true([&] {
    const std::string now = owner(*one_.store);
    return now == "two" || now == "three";
  }));
  Store& next = owner(*one_.store) == "two" ? *two_.store : *three_.store;
  ASSERT_TRUE(owned_within(next, 20s));
  EXPECT_EQ(told_in(next, kNs, "1"), "durable");
  heal();
  const int before = asked("one");
  EXPECT_TRUE(comes_true([&] { return asked("one") > before + 8; }));
  EXPECT_EQ(one_.store->health(), "") << "a restart would not help";
  EXPECT_NE(owner(*one_.store), "one") << "nothing moves back by itself";
}

TEST_F(EtcdReachTest, AnOwnerThatSomebodyReachesStays) {
  begin_three();
  cut("two", "one");
  const int before = asked("one");
  ASSERT_TRUE(comes_true([&] { return asked("one") > before + 16; }));
  EXPECT_EQ(owner(*one_.store), "one");
  EXPECT_EQ(one_.store->health(), "");
  EXPECT_EQ(told_in(*one_.store, kNs, "1"), "durable");
}

}  // namespace
}  // namespace sluice::store
