// SPDX-License-Identifier: Apache-2.0
// Covers: tenure.cc, tenure_groups.cc, namespace_claim.cc, etcd_medium_reader.cc
// Transactions without an answer, late ones, and ends of ownerships, on a real etcd.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <mutex>

#include "store/etcd/testing/etcd_medium_fixture.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

// Records the groups that are sent.
class Groups {
 public:
  void note(const pb::TxnRequest& txn) {
    const MutexLock lock(mutex_);
    sent_.push_back(txn.SerializeAsString());
    times_.push_back(Clock::now());
  }
  std::vector<std::string> sent() {
    const MutexLock lock(mutex_);
    return sent_;
  }
  std::vector<TimePoint> times() {
    const MutexLock lock(mutex_);
    return times_;
  }

 private:
  Mutex mutex_;
  std::vector<std::string> sent_ SLUICE_GUARDED_BY(mutex_);
  std::vector<TimePoint> times_ SLUICE_GUARDED_BY(mutex_);
};

TEST_F(EtcdMediumTest, AGroupIsOneTransactionWithASeq) {
  begin();
  EXPECT_EQ(rival_->seq_of(kNs).version, 0U);
  EXPECT_EQ(told("k", "1"), "durable");
  EXPECT_EQ(told("k", "2"), "durable");
  const Seq seq = rival_->seq_of(kNs);
  EXPECT_EQ(seq.version, 2U);
  EXPECT_EQ(seq.writes, 1U);
  EXPECT_NE(seq.fence, 0U);
  EXPECT_EQ(value("k"), "2");
}

TEST_F(EtcdMediumTest, ATransactionWhoseAnswerIsLostIsMadeOnce) {
  begin();
  Groups groups;
  std::atomic<int> left = 2;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    if (!is_group(txn)) return KvFault::none;
    groups.note(txn);
    return left-- > 0 ? KvFault::answer_lost : KvFault::none;
  });
  EXPECT_EQ(told("k", "1"), "durable");
  const auto sent = groups.sent();
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[0], sent[1]);
  EXPECT_EQ(sent[0], sent[2]);
  EXPECT_EQ(rival_->seq_of(kNs).version, 1U);
  EXPECT_EQ(told("k", "2"), "durable") << "it goes on from there";
  EXPECT_EQ(rival_->seq_of(kNs).version, 2U);
}

// The journal comes again with more commits. The first transaction comes first, unchanged.
TEST_F(EtcdMediumTest, NothingElseIsSentUntilTheOutcomeIsKnown) {
  options_.owner_wait = 1s;
  begin();
  Groups groups;
  std::atomic<bool> deaf = true;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    if (!is_group(txn)) return KvFault::none;
    groups.note(txn);
    return deaf ? KvFault::late : KvFault::none;
  });
  const Commit first = put("k", "1");
  ASSERT_TRUE(comes_true([&] { return !groups.sent().empty(); }));
  const Commit second = put("k", "2");
  ASSERT_EQ(second.status, CommitStatus::committed);
  ASSERT_TRUE(comes_true([&] { return !store().health().empty(); }));
  EXPECT_NE(store().health().find("a fault of the test"), std::string::npos);
  deaf = false;
  ASSERT_TRUE(comes_true([&] { return store().health().empty(); }));
  EXPECT_EQ(fate(first), "durable");
  EXPECT_EQ(fate(second), "durable");
  const auto sent = groups.sent();
  const auto late = faults().take_late();
  for (std::size_t i = 0; i <= late.size(); ++i) EXPECT_EQ(sent[i], sent[0]) << i;
  EXPECT_EQ(sent.size(), late.size() + 2);
  for (const auto& txn : late) EXPECT_FALSE(rival_->commit(txn).succeeded());
  EXPECT_EQ(value("k"), "2") << "late copies have no effect";
  EXPECT_EQ(rival_->seq_of(kNs).version, 2U);
}

TEST_F(EtcdMediumTest, ATransactionThatComesAfterTheNextOwnerHasNoEffect) {
  begin();
  std::atomic<bool> deaf = true;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    return is_group(txn) && deaf ? KvFault::late : KvFault::none;
  });
  const Commit commit = put("k", "ours");
  const auto waits = [&] { return faults().sent() > 0; };
  ASSERT_TRUE(comes_true(waits));
  rival_->take(kNs, Learns::by_news);
  (void)rival_->change(kNs, [](Contest::Entries& entries) { entries["k"] = "theirs"; });
  deaf = false;
  EXPECT_EQ(fate(commit), "lost");
  for (const auto& txn : faults().take_late()) EXPECT_FALSE(rival_->commit(txn).succeeded());
  EXPECT_EQ(value("k"), "theirs");
  rival_->give(kNs);
  ASSERT_TRUE(owned_again());
  EXPECT_EQ(told("k", "again"), "durable");
}

// An owner that has lost its ownership asks etcd whether its last group was committed.
TEST_F(EtcdMediumTest, AGroupThatWasCommittedBeforeTheLossIsDurable) {
  options_.owner_wait = 1s;
  begin();
  ASSERT_EQ(told("before", "1"), "durable");
  for (const int owners : {0, 1, 12}) {
    std::atomic<int> copies = 0;
    std::atomic<bool> deaf = true;
    KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
      if (!is_group(txn) || !deaf) return KvFault::none;
      return copies++ == 0 ? KvFault::answer_lost : KvFault::lost;
    });
    const Commit first = put("k" + std::to_string(owners), "1");
    ASSERT_TRUE(comes_true([&] { return copies > 0; }));
    const Commit second = put("second", "1");
    // The journal looks for news between two tries.
    const auto fails = [&] { return !store().health().empty(); };
    ASSERT_TRUE(owners != 1 || comes_true(fails));
    rival_->take(kNs, Learns::by_news);
    for (int i = 0; i < owners; ++i) {  // more than `seq` remembers
      if (i > 0) rival_->give(kNs);
      if (i > 0) rival_->take(kNs, Learns::by_news);
      (void)rival_->change(kNs, [](Contest::Entries& entries) { entries["theirs"] += "1"; });
    }
    if (owners == 1) {
      const int before = copies;
      ASSERT_TRUE(comes_true([&] { return copies > before; }));
    }
    deaf = false;
    ASSERT_TRUE(comes_true([&] { return store().health().empty(); }));
    EXPECT_EQ(fate(first), "durable");
    EXPECT_EQ(fate(second), "lost");
    rival_->give(kNs);
    ASSERT_TRUE(owned_again());
  }
  EXPECT_EQ(value("k0"), "1");
  EXPECT_EQ(value("k1"), "1");
  EXPECT_EQ(value("k12"), "1");
  EXPECT_EQ(value("theirs"), std::string(13, '1'));
  EXPECT_EQ(value("second"), "absent");
}

TEST_F(EtcdMediumTest, NoSpaceHeals) {
  options_.owner_wait = 1s;
  begin();
  std::atomic<bool> full = true;
  std::atomic<int> copies = 0;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    if (!is_group(txn) || !full) return KvFault::none;
    return copies++ == 0 ? KvFault::answer_lost : KvFault::no_space;
  });
  const Commit commit = put("k", "1");
  ASSERT_TRUE(comes_true([&] { return !store().health().empty(); }));
  EXPECT_EQ(put("k", "2").status, CommitStatus::unavailable);
  full = false;
  ASSERT_TRUE(comes_true([&] { return store().health().empty(); }));
  EXPECT_EQ(fate(commit), "durable") << "the first copy was applied";
  EXPECT_EQ(rival_->seq_of(kNs).version, 1U);
  EXPECT_EQ(told("k", "2"), "durable");
}

// Otherwise the namespace would stand still for good.
TEST_F(EtcdMediumTest, ATransactionThatEtcdRefusesEndsTheOwnership) {
  begin();
  std::atomic<bool> refuses = true;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    return is_group(txn) && refuses ? KvFault::too_large : KvFault::none;
  });
  const Seq before = rival_->seq_of(kNs);
  const Commit commit = put("k", "1");
  EXPECT_EQ(fate(commit), "lost");
  refuses = false;
  ASSERT_TRUE(owned_again());
  EXPECT_EQ(rival_->seq_of(kNs), before);
  EXPECT_EQ(told("k", "2"), "durable");
  EXPECT_EQ(value("k"), "2");
}

TEST_F(EtcdMediumTest, ATakeWithoutAnAnswerIsFound) {
  options_.read_permit = 100ms;
  open();
  std::atomic<int> takes = 0;
  Groups groups;
  Groups applied;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    if (is_group(txn)) groups.note(txn);
    if (!is_take(txn)) return KvFault::none;
    applied.note(txn);
    return takes++ == 0 ? KvFault::answer_lost : KvFault::none;
  });
  prepare();
  ASSERT_TRUE(owned_again());
  EXPECT_EQ(told("k", "1"), "durable");
  // It does not know that there was no owner before.
  EXPECT_GE(groups.times().at(0) - applied.times().at(0), options_.read_permit * 11 / 10);
}

TEST_F(EtcdMediumTest, ATakeThatIsAppliedLateIsFound) {
  begin();
  std::atomic<bool> deaf = true;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    return is_take(txn) && deaf ? KvFault::late : KvFault::none;
  });
  rival_->take(kNs, Learns::by_news);
  ASSERT_TRUE(comes_true([&] { return !store().status(kNs).owned; }));
  rival_->give(kNs);
  std::vector<pb::TxnRequest> late;
  ASSERT_TRUE(comes_true([&] {
    late = faults().take_late();
    return !late.empty();
  }));
  KvFaults::Chosen then = faults().choose(
      [](const pb::TxnRequest& txn) { return is_take(txn) ? KvFault::lost : KvFault::none; });
  EXPECT_TRUE(rival_->commit(late[0]).succeeded());
  ASSERT_TRUE(owned_again());
  EXPECT_EQ(told("k", "1"), "durable");
}

// The process is known by its incarnation, not by its name.
TEST_F(EtcdMediumTest, AnEarlierProcessOfTheSameNameIsAnother) {
  open();
  MemberRecord earlier;
  earlier.name = "one";
  earlier.incarnation = RandomId::make();
  rival_->put(rival_->keys().owner(kNs), earlier.encode());
  rival_->put(rival_->keys().seq(kNs), Seq().encode());
  prepare();
  EXPECT_FALSE(store().status(kNs).owned);
  EXPECT_EQ(put("k", "1").status, CommitStatus::not_owner);
  rival_->remove(rival_->keys().owner(kNs));
  EXPECT_TRUE(owned_again());
}

TEST_F(EtcdMediumTest, ALeaseThatIsRevokedEndsTheOwnerships) {
  begin();
  ASSERT_EQ(told("k", "1"), "durable");
  const Fence before = rival_->seq_of(kNs).fence;
  const auto found = rival_->range(range_of(rival_->keys().member("one")));
  ASSERT_EQ(found.kvs_size(), 1);
  rival_->revoke(found.kvs(0).lease());
  ASSERT_TRUE(comes_true([&] { return told("k", "2") == "durable"; }));
  ASSERT_TRUE(comes_true([&] {
    (void)told("k", "3");
    return rival_->seq_of(kNs).fence > before;
  })) << "a later ownership";
  EXPECT_EQ(rival_->range(range_of(rival_->keys().member("one"))).kvs_size(), 1);
  EXPECT_EQ(told("k", "4"), "durable");
  EXPECT_EQ(value("k"), "4");
}

TEST_F(EtcdMediumTest, AnOwnerThatSomebodyDeletesTakesAgain) {
  begin();
  ASSERT_EQ(told("k", "1"), "durable");
  faults().hold_watches();
  rival_->remove(rival_->keys().owner(kNs));
  EXPECT_EQ(told("k", "2"), "lost");
  faults().release_watches();
  ASSERT_TRUE(owned_again());
  EXPECT_EQ(value("k"), "1");
  EXPECT_EQ(told("k", "3"), "durable");
}

TEST_F(EtcdMediumTest, AProgramThatKeepsNoRuleEndsTheOwnership) {
  begin();
  ASSERT_EQ(told("k", "1"), "durable");
  Seq foreign = rival_->seq_of(kNs);
  foreign.group = RandomId::make();
  rival_->put(rival_->keys().seq(kNs), foreign.encode());
  EXPECT_EQ(told("k", "2"), "lost");
  ASSERT_TRUE(owned_again());
  EXPECT_EQ(value("k"), "1");
  EXPECT_EQ(told("k", "3"), "durable");
}

// A Txn with compares and without an operation is answered from an old state.
TEST_F(EtcdMediumTest, EveryTransactionHasAnOperation) {
  begin();
  std::atomic<int> asked = 0;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    EXPECT_GT(txn.success_size(), 0);
    EXPECT_GT(txn.failure_size(), 0);
    ++asked;
    return KvFault::none;
  });
  View& its = view();
  auto moment = cores_.on(0, [&] { return its.moment(); });
  EXPECT_TRUE(cores_.await(0, [&] { return its.confirmed(moment, 0, in(20s)); }));
  EXPECT_EQ(asked, 1);
}

TEST_F(EtcdMediumTest, DataThatSomebodyHasChangedIsNotLoaded) {
  begin();
  ASSERT_EQ(told("k", "1"), "durable");
  rival_->take(kNs, Learns::by_news);
  ASSERT_TRUE(comes_true([&] { return !store().status(kNs).owned; }));
  const std::string key = rival_->keys().epoch(kNs, rival_->seq_of(kNs).epoch) + "k";
  rival_->put(key, "2");
  rival_->give(kNs);
  EXPECT_FALSE(owned_within(store(), 300ms));
  rival_->put(key, "1");
  EXPECT_TRUE(owned_again());
}

// --- etcd itself -------------------------------------------------------------------------------

// It was restored from a backup: nothing that is known of it holds.
TEST_F(EtcdMediumTest, AnotherEtcdIsReadAnew) {
  begin();
  ASSERT_EQ(told("k", "1"), "durable");
  Version version = store().documents("objects")->version;
  const Fence before = rival_->seq_of(kNs).fence;
  faults().set_cluster(4711);
  ASSERT_TRUE(comes_true([&] {
    (void)told("k", "2");
    return rival_->seq_of(kNs).fence > before;
  })) << "it takes the namespace again";
  EXPECT_EQ(told("k", "3"), "durable");
  EXPECT_EQ(value("k"), "3");
  const std::vector<DocumentChange> change{{"objects", "a", "1"}};
  ASSERT_TRUE(store().change_documents(change));
  EXPECT_TRUE(store().document_news(version, in(20s)));
  EXPECT_EQ(store().documents("objects")->entries.size(), 1U);
}

TEST_F(EtcdMediumTest, EtcdMayRestart) {
  etcd::testing::EtcdProcesses own;
  options_.endpoints = own.endpoints();
  begin();
  ASSERT_EQ(told("k", "1"), "durable");
  own.signal(0, SIGKILL);
  const Commit commit = put("k", "2");
  ASSERT_TRUE(comes_true([&] { return !store().health().empty(); }));
  EXPECT_NE(store().health().find(own.endpoints()[0].substr(own.endpoints()[0].find("127"))),
            std::string::npos)
      << store().health();
  own.start(0);
  ASSERT_TRUE(comes_true([&] { return store().health().empty(); }));
  EXPECT_NE(fate(commit), "");
  ASSERT_TRUE(comes_true([&] { return told("k", "3") == "durable"; }));
  EXPECT_EQ(value("k"), "3");
}

}  // namespace
}  // namespace sluice::store
